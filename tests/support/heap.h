/* SPDX-License-Identifier: MIT */
/* The allocations of this program and of the library's objects in it, counted and made to fail in the linker's place of
 * libc's functions. */
#ifndef DESCEND_TESTS_HEAP_H
#define DESCEND_TESTS_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/* Allocations while `on`: how many, of how many bytes in all, and which is to fail. Blocks not freed, at any time. */
struct heap {
    bool on;
    long calls, fail_at, live;
    size_t bytes;
};
extern struct heap heap;

/* Counts from now on. */
void heap_watch(long fail_at);

/* Allocations that are not counted. */
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __real_free(void *memory);

#endif
