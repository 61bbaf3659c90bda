/* SPDX-License-Identifier: MIT */
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

/* What is reported of one step. */
struct report_row {
    const struct named_config *trained;
    uint32_t epoch, epochs; /* the epoch's number, from 1 on, and how many there are */
    uint64_t step, steps;   /* likewise, counted over all epochs */
    double loss;            /* of the step's batch, before its update */
    double mean_loss;       /* of the epoch's batches so far, without those before a checkpoint */
    bool diverged;          /* the loss is not finite, and the training ends with this step */
    bool epoch_end;
    double accuracy; /* of the test set, 0 … 1; at an epoch's end only */
};

/* csv_path NULL: no CSV. A file that is there keeps its content until report_begin, for the run may still be refused.
 * Returns false, here and below, after having reported that the CSV cannot be written. */
bool report_open(struct report *report, const char *csv_path);

/* Empties the CSV and writes its head. */
bool report_begin(struct report *report);

bool report_step(struct report *report, const struct report_row *row);

/* Closes the CSV. */
bool report_close(struct report *report);

/* Seconds on a monotonic clock. */
double clock_seconds(void);

#endif
