/*
 * Two pieces of work timed in turn, batch by batch, so that both see the same machine: the ratio of their medians is
 * steady where their times are not.
 */
#ifndef DESCEND_BENCH_PAIR_H
#define DESCEND_BENCH_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/descend.h"
#include "gbench.h"

typedef void pair_function(void *context);

struct pair_work {
    pair_function *run;
    pair_function *prepare; /* NULL, or before each batch, outside its timing */
};

struct pair {
    double seconds, reference_seconds; /* medians, of one run */
    double cycles;                     /* median, of one run: by the clock rate beside each batch */
};

/* Seconds a call, on average of a batch of them. */
double pair_time(pair_function *run, int64_t batch, void *context);

/* Times batches of work by Google Benchmark, and of reference between them, outside its timing. False where there is no
 * memory. */
bool pair_measure(struct gbench_state *state, int64_t batch, struct pair_work work, struct pair_work reference,
                  void *context, struct pair *out);

/* Whether a row was measured and no call in it failed; else it is skipped, saying why. */
bool pair_good(struct gbench_state *state, bool measured, descend_status status);

#endif
