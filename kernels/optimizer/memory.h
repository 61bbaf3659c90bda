/* SPDX-License-Identifier: MIT */
/* The blocks of memory that the optimizer object takes from its allocator. */
#ifndef DESCEND_MEMORY_H
#define DESCEND_MEMORY_H

#include "descend/optimizer.h"
#include "optimizer/spans.h"

enum { MEMORY_ALIGNMENT = 64 };

struct block {
    struct block *next;
    size_t size;
    struct span span;
    _Alignas(MEMORY_ALIGNMENT) unsigned char bytes[];
};

extern const descend_allocator descend_default_allocator;

/* A block of uninitialised bytes; NULL where there is no memory. */
struct block *descend_block_new(const descend_allocator *allocator, size_t bytes);
void descend_block_free(const descend_allocator *allocator, struct block *block);

/* total + count * size, or SIZE_MAX where that overflows: descend_block_new then returns NULL. */
size_t descend_size_add(size_t total, size_t count, size_t size);

#endif
