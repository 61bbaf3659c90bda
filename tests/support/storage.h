/* SPDX-License-Identifier: MIT */
/* What docs/numerics.md says of how arrays are stored (rules 10 to 12), written down element by element: it shares
 * nothing with the library. */
#ifndef DESCEND_TESTS_STORAGE_H
#define DESCEND_TESTS_STORAGE_H

#include "descend/optimizer.h"

/* Of what the random bits of an array are a function. */
struct random_source {
    uint64_t seed;
    const char *name;
    uint64_t step;
    unsigned array; /* 0 the parameter, k + 1 state k */
    uint64_t first; /* the index of element 0 in the whole tensor */
};

uint32_t random_16_of(const struct random_source *source, uint64_t element);

/* An array of n elements, all its bytes 0; freed by stored_free. */
descend_array stored_new(descend_dtype dtype, size_t n);
void stored_free(descend_array *array);

/* To and from float32. source NULL: to the nearest. */
void stored_put(const descend_array *to, size_t n, const float *from, const struct random_source *source);
void stored_get(const descend_array *from, size_t n, float *to);

/* The bytes of an array of the same dtype. */
void stored_copy(const descend_array *to, const descend_array *from, size_t n);

/* Whether two arrays of n elements are stored alike, byte by byte; any NaN of a float32 equals any other. */
bool stored_equal(const descend_array *a, const descend_array *b, size_t n);

#endif
