/* SPDX-License-Identifier: MIT */
/* A tensor of the optimizer object. */
#ifndef DESCEND_TENSOR_H
#define DESCEND_TENSOR_H

#include "array.h"
#include "rule.h"
#include "segment.h"

struct tensor {
    descend_array param, grad, copy, state[STATES_MAX]; /* data NULL: there is none */
    bool is_float32;                                    /* param, grad and states */
    uint64_t name_hash;
    size_t n;
    uint64_t step;
    unsigned group;
    size_t next;          /* the number of the next tensor of its group + 1; 0: it is the last */
    unsigned own;         /* the states that lie in the object's memory; one bit each */
    unsigned initialised; /* the states that a step has written, here or before it was added; one bit each */
    size_t partial;       /* index of its first segment among the segments of all tensors */
    struct descend_segments segments;
    double ratio;                         /* of the norms of parameters and step; valid between the passes of a step */
    uint64_t first, whole, rows, columns; /* as in descend_tensor */
    struct span *grad_span;               /* of the gradient, or not in the tree where that is absent or empty */
    const char *name;
};

#endif
