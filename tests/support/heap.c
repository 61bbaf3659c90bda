/* SPDX-License-Identifier: MIT */
#include "heap.h"

#include <errno.h>
#include <stdlib.h>

struct heap heap;

void heap_watch(long fail_at)
{
    heap = (struct heap){.on = true, .fail_at = fail_at, .live = heap.live};
}

static bool fails(size_t size)
{
    heap.bytes += heap.on ? size : 0;
    return heap.on && ++heap.calls == heap.fail_at;
}

static void *counted(void *memory)
{
    heap.live += memory != NULL;
    return memory;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (fails(size))
        return NULL;
    heap.live -= memory != NULL;
    return counted(__real_realloc(memory, size));
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (fails(size))
        return ENOMEM;
    const int error = __real_posix_memalign(memory, alignment, size);
    heap.live += error == 0;
    return error;
}

void __wrap_free(void *memory)
{
    heap.live -= memory != NULL;
    __real_free(memory);
}
