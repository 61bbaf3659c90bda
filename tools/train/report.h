/* What the program shows while it trains, on stdout and in the CSV file. */
#ifndef DESCEND_TRAIN_REPORT_H
#define DESCEND_TRAIN_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "named_config.h"

struct report {
    FILE *csv; /* NULL: none wanted */
    const char *csv_path;
    bool terminal;
    double drawn; /* when the progress line was last drawn, in seconds of clock_seconds() */
};

/* One step, as it is reported. */
struct report_row {
    const struct named_config *trained;
    uint32_t epoch, epochs; /* counted from 1 */
    uint64_t step, steps;   /* likewise, over all epochs; the last one is `steps` */
    double loss;            /* of the step's batch, before its update */
    double mean_loss;       /* of the epoch so far, as far as this run did it */
    bool epoch_end;
    double accuracy; /* of the test set, 0 … 1; at an epoch's end only */
};

/* csv_path NULL: no CSV. false: complained. */
bool report_open(struct report *shown, const char *csv_path);

/* false: complained that the CSV cannot be written. */
bool report_step(struct report *shown, const struct report_row *row);

/* Closes the CSV. false: complained that it could not all be written. */
bool report_close(struct report *shown);

/* Monotonic. */
double clock_seconds(void);

#endif
