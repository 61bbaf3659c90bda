/*
 * Two pieces of work timed in turn, batch by batch, so that both see the same machine: the ratio of their medians is
 * steady where their times are not.
 */
#ifndef DESCEND_BENCH_PAIR_H
#define DESCEND_BENCH_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gbench.h"

typedef void pair_work(void *context);

struct pair {
    double seconds, reference_seconds; /* medians, of one run */
    double cycles;                     /* median, of one run: by the clock rate beside each batch */
};

/* Times batches of work by Google Benchmark, and of reference between them, outside its timing. prepare, where given,
 * runs before every batch, outside too. False where there is no memory. */
bool pair_measure(struct gbench_state *state, int64_t batch, pair_work *work, pair_work *reference, pair_work *prepare,
                  void *context, struct pair *out);

#endif
