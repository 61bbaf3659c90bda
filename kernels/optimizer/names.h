/* SPDX-License-Identifier: MIT */
/* Finds a tensor by its name in constant time, wherever its number is. */
#ifndef DESCEND_NAMES_H
#define DESCEND_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tensor;

/* A slot of the hash table. */
struct name {
    uint64_t hash;
    size_t place; /* the number of the tensor + 1; 0: the slot is free */
};

/* The number of slots for so many tensors: a power of two. */
size_t descend_names_slots(size_t tensors);

uint64_t descend_name_hash(const char *name);

/* The slot of the name: that of the tensor that has it, else the free one in which it belongs. slots is a power of two,
 * and at least one of them is free. */
struct name *descend_names_find(struct name *names, size_t slots, const struct tensor *tensors, uint64_t hash,
                                const char *name);

/* Fills a larger table of free slots with all of a smaller one. */
void descend_names_move(struct name *to, size_t to_slots, const struct name *from, size_t from_slots);

#endif
