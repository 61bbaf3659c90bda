/* SPDX-License-Identifier: MIT */
/* The arrays of a benchmark, and where in their pages they start: caches are sensitive to it. */
#ifndef DESCEND_BENCH_MEMORY_H
#define DESCEND_BENCH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

enum { MEMORY_ARRAYS = 2 + STATES_MAX };

struct memory {
    char *block;
    size_t n;
    float *array[MEMORY_ARRAYS]; /* param, grad, states */
};

enum placement {
    ALIGNED,    /* at multiples of 64 bytes, far from each other modulo 4096 */
    MISALIGNED, /* the same, 4 bytes further */
    ALIASED,    /* next to each other modulo 4096 */
    PLACEMENTS
};
extern const char *const placement_names[PLACEMENTS];

/* Allocates all arrays for n elements and fills them with ordinary values. False if there is no memory. */
bool memory_new(struct memory *memory, size_t n);
void memory_free(struct memory *memory);

/* The arrays as kernels take them. */
struct descend_streams memory_streams(const struct memory *memory);

/* Moves the starts of the arrays but not the values, since any of them will do. */
void memory_place(struct memory *memory, enum placement placement);
void memory_place_at_random(struct memory *memory, uint64_t *seed); /* at multiples of 64 bytes */

/* Fills all levels of cache with other data. False if there is no memory. */
bool memory_evict(void);

#endif
