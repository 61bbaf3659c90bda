/* Blocks of memory from the caller's allocator. */
#ifndef DESCEND_MEMORY_H
#define DESCEND_MEMORY_H

#include "descend/optimizer.h"

enum { MEMORY_ALIGNMENT = 64 };

struct block {
    struct block *next;
    size_t size;
    _Alignas(MEMORY_ALIGNMENT) unsigned char bytes[];
};

extern const descend_allocator descend_default_allocator;

/* Uninitialised bytes. NULL: no memory, or more than the address space has. */
struct block *descend_block_new(const descend_allocator *allocator, size_t bytes);
void descend_block_free(const descend_allocator *allocator, struct block *block);

/* a + b * c, or SIZE_MAX where that does not fit: such a block cannot be had. */
size_t descend_size(size_t a, size_t b, size_t c);

#endif
