/* SPDX-License-Identifier: MIT */
/* Separate passes, to compare fused ones with: Adam as users of array libraries write it, one pass for each line of the
 * textbook; and what is done with gradients and parameters around an update. */
#ifndef DESCEND_BENCH_SEPARATE_H
#define DESCEND_BENCH_SEPARATE_H

#include "kernels.h"

/* Each pass is over the elements [begin, end), in whole vectors. */
struct separate_kernels {
    const char *isa;
    descend_stream_kernel *adam; /* scalars: adam_scalars. The third state array holds the denominators */
    void (*scale)(float *array, float factor, size_t begin, size_t end);
    void (*copy)(void *to, const float *from, size_t begin, size_t end); /* as bfloat16 */
};

/* The passes of that variant; NULL: no such variant. */
const struct separate_kernels *separate_find(const char *isa);

#endif
