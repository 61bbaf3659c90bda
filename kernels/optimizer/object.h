/* The optimizer object. */
#ifndef DESCEND_OBJECT_H
#define DESCEND_OBJECT_H

#include <stdatomic.h>

#include "descend/optimizer.h"
#include "optimizer/memory.h"
#include "optimizer/tensor.h"

struct group {
    descend_config config;
    unsigned used; /* the states that the config uses, one bit each */
};

/* Arrays whose length depends on the number of tensors, all in one block of memory. */
struct table {
    struct tensor *tensor;           /* in the order in which they were added */
    size_t *order;                   /* the numbers of the tensors, sorted by group */
    uint64_t *work_before;           /* in that order, the work before each tensor; the last entry is all work */
    struct descend_squares *partial; /* sums of squares: one entry for each segment of each tensor */
    struct descend_norms *norms;     /* the same for norms, where the rule reduces */
    struct block *block;
};

struct descend_optimizer {
    const struct descend_rule *rule;
    descend_allocator allocator;
    struct group *group;
    unsigned groups;
    struct table table;
    size_t tensors, partials, elements;
    struct block *blocks;    /* the memory of names and states */
    atomic_uint slices_done; /* of the call that the caller's slices are doing */
};

/* Memory that lasts as long as the optimizer, at a multiple of 64 bytes; NULL where there is none. */
unsigned char *descend_object_allocate(descend_optimizer *optimizer, size_t bytes);

#endif
