/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h>

enum { PAGE = 4096, LINE = 64, EVICT_BYTES = 128 << 20 };

const char *const placement_names[PLACEMENTS] = {"", "/misaligned", "/aliased"};

/* Bytes from the beginning of one array's space to that of the next: a multiple of PAGE. */
static size_t spacing(size_t n)
{
    return (n * sizeof(float) + PAGE - 1) / PAGE * PAGE + 2 * PAGE;
}

static void place(struct memory *memory, size_t k, size_t offset)
{
    memory->array[k] = (float *)(void *)(memory->block + k * spacing(memory->n) + offset);
}

bool memory_new(struct memory *memory, size_t n)
{
    const size_t floats = MEMORY_ARRAYS * spacing(n) / sizeof(float);
    *memory = (struct memory){.block = aligned_alloc(PAGE, MEMORY_ARRAYS * spacing(n)), .n = n};
    if (memory->block == NULL)
        return false;
    for (size_t i = 0; i < floats; i++)
        ((float *)(void *)memory->block)[i] = 0x1p-10f * (float)(1 + i * 7 % 1021);
    memory_place(memory, ALIGNED);
    return true;
}

void memory_free(struct memory *memory)
{
    free(memory->block);
}

struct descend_streams memory_streams(const struct memory *memory)
{
    struct descend_streams streams = {.param = memory->array[0], .grad = memory->array[1]};
    for (size_t i = 0; i < STATES_MAX; i++)
        streams.state[i] = memory->array[2 + i];
    return streams;
}

void memory_place(struct memory *memory, enum placement placement)
{
    const size_t apart = placement == ALIASED ? LINE : PAGE / MEMORY_ARRAYS / LINE * LINE;
    for (size_t k = 0; k < MEMORY_ARRAYS; k++)
        place(memory, k, k * apart + (placement == MISALIGNED ? sizeof(float) : 0));
}

void memory_place_at_random(struct memory *memory, uint64_t *seed)
{
    for (size_t k = 0; k < MEMORY_ARRAYS; k++) {
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        place(memory, k, (*seed >> 33) % (PAGE / LINE) * LINE);
    }
}

bool memory_evict(void)
{
    static volatile char *other;
    if (other == NULL && (other = calloc(EVICT_BYTES, 1)) == NULL)
        return false;
    for (size_t i = 0; i < EVICT_BYTES; i += LINE)
        other[i]++;
    return true;
}
