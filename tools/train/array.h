/* SPDX-License-Identifier: MIT */
#ifndef DESCEND_TRAIN_ARRAY_H
#define DESCEND_TRAIN_ARRAY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Allocates count elements of this size, all 0, to be freed by free(); NULL if there is no memory. Every array starts
 * at a cache line, so that alignment makes no run slower than another, nor lets BLAS choose another code path. */
static inline void *array_create(size_t count, size_t size)
{
    const size_t line = 64;
    if (count > (SIZE_MAX - line) / size)
        return NULL;
    const size_t bytes = (count * size + line) / line * line;
    void *array = aligned_alloc(line, bytes);
    if (array)
        memset(array, 0, bytes);
    return array;
}

#endif
