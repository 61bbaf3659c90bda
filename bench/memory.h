/* The arrays of a benchmark, placed in one of the ways that matter to a cache. */
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
    ALIGNED,    /* at multiples of 64 bytes, apart modulo 4096 */
    MISALIGNED, /* the same, 4 bytes further */
    ALIASED,    /* next to each other modulo 4096 */
    PLACEMENTS
};
extern const char *const placement_names[PLACEMENTS];

/* Ordinary values everywhere. False where there is no memory. */
bool memory_new(struct memory *memory, size_t n);
void memory_free(struct memory *memory);

/* The arrays as kernels take them. */
struct descend_streams memory_streams(const struct memory *memory);

/* Moves the starts (the values stay behind: any are good). Every array has a page of room for it. */
void memory_place(struct memory *memory, enum placement placement);
void memory_place_at_random(struct memory *memory, uint64_t *seed); /* at multiples of 64 bytes */

/* Puts other data into the caches, all levels. False where there is no memory. */
bool memory_evict(void);

#endif
