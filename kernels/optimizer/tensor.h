/* A tensor of the optimizer object. */
#ifndef DESCEND_TENSOR_H
#define DESCEND_TENSOR_H

#include "descend/optimizer.h"
#include "rule.h"
#include "segment.h"

struct tensor {
    float *param, *grad, *state[STATES_MAX];
    void *copy;
    descend_dtype copy_type;
    size_t n;
    uint64_t step;
    unsigned group;
    unsigned initialised; /* states that hold values of steps taken, here or before; one bit each */
    size_t partial;       /* number of its first segment among those of all tensors */
    struct descend_segments segments;
    double ratio;                         /* of the norms of parameters and step; between the passes of a step */
    uint64_t first, whole, rows, columns; /* as in descend_tensor */
    const char *name;
};

#endif
