/* SPDX-License-Identifier: MIT */
/* The machine's limit: kernels with an optimizer's memory traffic and hardly any arithmetic. */
#ifndef DESCEND_BENCH_LIMIT_H
#define DESCEND_BENCH_LIMIT_H

#include "kernels.h"

/* An array of any type. */
struct limit_array {
    void *data;
    size_t size; /* the bytes of an element */
    bool written;
};

/* Reads the elements [begin, end) of each array, block after block as the loops over stored arrays do, and writes what
 * is there back to those that are written: nothing is 0. Both ends are multiples of 256. The result is of no use. */
typedef uint32_t limit_bytes_kernel(const struct limit_array *arrays, size_t count, uint32_t nothing, size_t begin,
                                    size_t end);

struct limit_kernels {
    const char *isa;
    limit_bytes_kernel *bytes;
    descend_stream_kernel *kernel[STATES_MAX + 1]; /* by the number of state arrays, each read and written */
};

/* NULL if there is no such variant. */
const struct limit_kernels *limit_find(const char *isa);

#endif
