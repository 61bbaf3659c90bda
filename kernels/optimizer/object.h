/* The inside of the optimizer object. */
#ifndef DESCEND_OBJECT_H
#define DESCEND_OBJECT_H

#include <stdatomic.h>

#include "descend/optimizer.h"
#include "kernels.h"
#include "memory.h"
#include "row.h"

struct group {
    _Alignas(8) unsigned char config[CONFIG_MAX];
    unsigned used; /* states, one bit each */
};

struct tensor {
    float *param, *grad, *state[STATES_MAX];
    void *copy;
    size_t n;
    uint64_t step;
    unsigned group;
    unsigned begun; /* states that hold values, one bit each: of steps taken, here or before */
    enum descend_copy_type copy_type;
    size_t partial; /* of its first segment */
    double ratio;   /* of the norms, between two phases */
    uint64_t first;
    const char *name;
};

/* What grows with the tensors, in one block of memory. */
struct table {
    struct tensor *tensor;           /* as they were added */
    size_t *order;                   /* their numbers by group */
    uint64_t *before;                /* the work before each, in that order; one more: all of it */
    struct descend_squares *partial; /* one for each segment of a reduction */
    struct descend_norms *norms;     /* likewise, of an optimizer with two phases */
    struct block *block;
};

struct descend_optimizer {
    enum descend_optimizer_index index;
    descend_allocator allocator;
    struct group *group;
    unsigned groups;
    struct table table;
    size_t tensors, partials, elements;
    struct block *blocks; /* names and state */
    atomic_uint slices_done;
};

static inline const struct descend_row *row_of(const descend_optimizer *optimizer)
{
    return &descend_rows[optimizer->index];
}

/* The config's states, and whether it is good at the first step. */
descend_status descend_group_check(const struct descend_row *row, const void *config, unsigned *used);

/* The states of `used` that tensors of a group do not have yet: how many bytes they take at most, and then their places
 * from an address on that is a multiple of 64. */
size_t descend_states_bytes(const struct descend_row *row, const struct tensor *tensors, size_t count, unsigned group,
                            unsigned used);
void descend_states_place(const struct descend_row *row, unsigned char *memory, struct tensor *tensors, size_t count,
                          unsigned group, unsigned used);

/* Both, for the tensors that are there. False: no memory, and nothing has changed. */
bool descend_states_get(descend_optimizer *optimizer, unsigned group, unsigned used);

#endif
