/* SPDX-License-Identifier: MIT */
/* What docs/numerics.md says of conversions and reductions, written down in plain loops and integers: it shares nothing
 * with the library. */
#ifndef DESCEND_TESTS_NUMERICS_H
#define DESCEND_TESTS_NUMERICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/optimizer.h"

/* A float32 as bfloat16 or float16, rounded to nearest even; NaN as one NaN. Whether 16 bits are a NaN. */
uint16_t converted(float x, descend_dtype dtype);
bool is_nan_16(uint16_t bits, descend_dtype dtype);

/* Rule 7: the segments of a tensor of n elements, its sum of squares, and the 2-norm of several in their order. An
 * array that is NULL is left out. */
size_t segment_of(size_t n);
double sum_of_squares(const float *array, size_t n);
double norm_of(const float *const arrays[], const size_t ns[], size_t count);

#endif
