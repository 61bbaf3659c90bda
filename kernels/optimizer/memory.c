/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* madvise */

#include "optimizer/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static void *allocate(void *context, size_t size, size_t alignment)
{
    (void)context;
    void *memory = NULL;
    if (posix_memalign(&memory, alignment, size) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (alignment >= HUGE_PAGE)
        (void)madvise(memory, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* without huge pages it is only slower */
#endif
    return memory;
}

static void release(void *context, void *memory, size_t size)
{
    (void)context, (void)size;
    free(memory);
}

const descend_allocator descend_default_allocator = {allocate, release, NULL};

size_t descend_size_add(size_t total, size_t count, size_t size)
{
    return size != 0 && count > (SIZE_MAX - total) / size ? SIZE_MAX : total + count * size;
}

struct block *descend_block_new(const descend_allocator *allocator, size_t bytes)
{
    if (bytes > PTRDIFF_MAX - sizeof(struct block))
        return NULL;
    const size_t size = sizeof(struct block) + bytes;
    struct block *block =
        allocator->allocate(allocator->context, size, size >= 2 * HUGE_PAGE ? HUGE_PAGE : MEMORY_ALIGNMENT);
    if (block != NULL)
        *block = (struct block){.size = size};
    return block;
}

void descend_block_free(const descend_allocator *allocator, struct block *block)
{
    if (block != NULL)
        allocator->release(allocator->context, block, block->size);
}
