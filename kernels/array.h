/* SPDX-License-Identifier: MIT */
/* The memory of an array, which is stored in one of the types of descend_dtype. */
#ifndef DESCEND_ARRAY_H
#define DESCEND_ARRAY_H

#include "descend/optimizer.h"
#include "storage.h"

/* The bytes of an array of n elements, in data and in second. */
static inline size_t data_bytes(const descend_array *array, size_t n)
{
    return n * storage_size(array->dtype);
}

static inline size_t second_bytes(const descend_array *array, size_t n)
{
    return storage_second(array->dtype, n) * sizeof(int16_t);
}

/* Whether two arrays have a byte in common. */
bool descend_arrays_overlap(const descend_array *a, size_t a_length, const descend_array *b, size_t b_length);

/* Checks that an array of n elements may be there: DESCEND_MISALIGNED, DESCEND_BAD_N. One whose data is NULL is
 * not checked, nor is a second part that is NULL. */
descend_status descend_array_check(const descend_array *array, size_t n);

#endif
