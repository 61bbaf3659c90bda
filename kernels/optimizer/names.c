/* SPDX-License-Identifier: MIT */
/* A hash table with linear probing, of which at most half is in use. */
#include "optimizer/names.h"

#include <string.h>

#include "optimizer/tensor.h"

size_t descend_names_slots(size_t tensors)
{
    size_t slots = 2;
    while (slots / 2 < tensors)
        slots *= 2;
    return slots;
}

/* FNV-1a (Fowler, Noll and Vo). */
uint64_t descend_name_hash(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return hash;
}

/* Its upper bits too, on which more characters of the name have an effect. */
static size_t first_slot(uint64_t hash, size_t slots)
{
    return (size_t)(hash ^ hash >> 32) & (slots - 1);
}

struct name *descend_names_find(struct name *names, size_t slots, const struct tensor *tensors, uint64_t hash,
                                const char *name)
{
    size_t slot = first_slot(hash, slots);
    while (names[slot].place != 0 &&
           (names[slot].hash != hash || strcmp(tensors[names[slot].place - 1].name, name) != 0))
        slot = (slot + 1) & (slots - 1);
    return &names[slot];
}

void descend_names_move(struct name *to, size_t to_slots, const struct name *from, size_t from_slots)
{
    for (size_t i = 0; i < from_slots; i++)
        if (from[i].place != 0) {
            size_t slot = first_slot(from[i].hash, to_slots);
            while (to[slot].place != 0)
                slot = (slot + 1) & (to_slots - 1);
            to[slot] = from[i];
        }
}
