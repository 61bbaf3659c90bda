/* The inside of the optimizer object. */
#ifndef DESCEND_OBJECT_H
#define DESCEND_OBJECT_H

#include <stdatomic.h>

#include "descend/optimizer.h"
#include "optimizer/memory.h"
#include "optimizer/tensor.h"

struct group {
    descend_config config;
    unsigned used; /* states, one bit each */
};

/* What grows with the tensors, in one block of memory. */
struct table {
    struct tensor *tensor;           /* as they were added */
    size_t *order;                   /* their numbers by group */
    uint64_t *before;                /* the work before each, in that order; one more: all of it */
    struct descend_squares *partial; /* one for each segment of a reduction */
    struct descend_norms *norms;     /* likewise, where the rule reduces */
    struct block *block;
};

struct descend_optimizer {
    const struct descend_rule *rule;
    descend_allocator allocator;
    struct group *group;
    unsigned groups;
    struct table table;
    size_t tensors, partials, elements;
    struct block *blocks; /* names and state */
    atomic_uint slices_done;
};

/* Memory for the states of `used` that tensors of a group have none for. False: there is none, and nothing has changed.
 */
bool descend_states_allocate(descend_optimizer *optimizer, unsigned group, unsigned used);

#endif
