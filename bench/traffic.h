/* SPDX-License-Identifier: MIT */
/* What a call reads and writes, and no arithmetic: the limit of calls on arrays of any types. */
#ifndef DESCEND_BENCH_TRAFFIC_H
#define DESCEND_BENCH_TRAFFIC_H

#include "limit.h"

struct traffic {
    const struct limit_kernels *limit;
    const struct limit_array *array;
    size_t count, n; /* arrays, and elements of each, a multiple of 256 */
    unsigned threads;
};

void traffic_move(const struct traffic *traffic);

#endif
