#ifndef DESCEND_TRAIN_ARRAY_H
#define DESCEND_TRAIN_ARRAY_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* count floats, all 0, at a cache line's start; NULL if there is no memory for them. free() them.
 * Every array begins alike, so that neither BLAS nor a cache's placement makes one run unlike another. */
static inline float *array_create(size_t count)
{
    const size_t line = 64;
    if (count > (SIZE_MAX - line) / sizeof(float))
        return NULL;
    const size_t bytes = (count * sizeof(float) + line) / line * line;
    float *array = aligned_alloc(line, bytes);
    if (array)
        memset(array, 0, bytes);
    return array;
}

#endif
