/* Adam as users of array libraries write it, one pass over the arrays for each line of the textbook; and passes around
 * an update. */
#ifndef DESCEND_BENCH_SEPARATE_H
#define DESCEND_BENCH_SEPARATE_H

#include "kernels.h"

/* Of the elements [begin, end), in whole vectors. */
struct separate_kernels {
    const char *isa;
    descend_stream_kernel *adam; /* of adam_scalars; the last state array is for the denominators */
    void (*scale)(float *array, float factor, size_t begin, size_t end);
    void (*copy)(void *to, const float *from, size_t begin, size_t end); /* as bfloat16 */
};

/* The passes of that variant; NULL: no such variant. */
const struct separate_kernels *separate_find(const char *isa);

#endif
