/* SPDX-License-Identifier: MIT */
/* The optimizer object. */
#ifndef DESCEND_OBJECT_H
#define DESCEND_OBJECT_H

#include <stdatomic.h>

#include "descend/optimizer.h"
#include "optimizer/memory.h"
#include "optimizer/names.h"
#include "optimizer/tensor.h"

struct group {
    descend_config config;
    unsigned used;      /* the states that the config uses, one bit each */
    size_t first, last; /* the numbers of its first and last tensor + 1; 0: it has none */
};

/* Arrays whose length depends on the number of tensors, all in one block of memory, with room for more. */
struct table {
    struct tensor *tensor;       /* in the order in which they were added */
    uint64_t *work_before;       /* the work before each tensor; behind the last one, all work */
    struct name *names;          /* the tensors by name */
    descend_squares *partial;    /* sums of squares: one entry for each segment of each tensor */
    struct descend_norms *norms; /* the same for norms, where the rule reduces */
    size_t tensor_room, partial_room, slots;
    struct block *block;
};

struct descend_optimizer {
    const struct descend_rule *rule;
    descend_allocator allocator;
    struct group *group;
    unsigned groups, group_room;
    struct table table;
    size_t tensors, partials;
    uint64_t seed;
    struct block *blocks; /* the memory of names, spans and states */
    struct span *spans;   /* the caller's arrays and these blocks */
    /* The call that is being done: its slices that have begun, times 4, + its enum call; 0: none. In an int, since
     * atomics of 64 bits need a library on some machines. */
    atomic_uint begun;
    atomic_uint done; /* the slices of it that have ended */
};

/* The calls that may be done by slices. */
enum call { CALL_STEP = 1, CALL_ZERO_GRAD, CALL_MEASURE };
enum { SLICES_MAX = (1 << 30) - 1 };

/* DESCEND_NULL_OPTIMIZER, DESCEND_UNFINISHED where a call was not finished, or DESCEND_OK. */
descend_status descend_object_check(const descend_optimizer *optimizer);

/* Keeps a block as long as the optimizer lasts. */
void descend_object_keep(descend_optimizer *optimizer, struct block *block);

#endif
