/* SPDX-License-Identifier: MIT */
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
    pair_function *prepare; /* called before each batch and not timed; NULL: nothing to prepare */
};

struct pair {
    double seconds, reference_seconds; /* medians, of one call */
    double cycles;                     /* median, of one call, from the clock rate right after each batch */
};

/* Seconds since some moment. */
double pair_now(void);

/* Seconds per call, the mean of a batch. */
double pair_time(pair_function *run, int64_t batch, void *context);

/* Google Benchmark times batches of work; between them, batches of reference are timed here. False if there is no
 * memory. */
bool pair_measure(struct gbench_state *state, int64_t batch, struct pair_work work, struct pair_work reference,
                  void *context, struct pair *out);

/* Whether the row was measured and no call in it was refused. Otherwise makes the report say why not. */
bool pair_good(struct gbench_state *state, bool measured, descend_status status);

#endif
