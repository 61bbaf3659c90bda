/* SPDX-License-Identifier: MIT */
/* A training on all ranks, and beside it on each rank the same one by one optimizer of one process: parameters, states
 * and norms have to be the same bits. */
#ifndef DESCEND_TESTS_SCENE_H
#define DESCEND_TESTS_SCENE_H

#include "configuration.h"
#include "descend/mpi.h"

enum { SCENE_TENSORS = 8 };

/* How the ranks do it. */
struct manner {
    unsigned micro_batches; /* of each rank; 0: one, without descend_mpi_accumulate */
    size_t bucket;
    bool share_grads, share_params;
    bool begins;        /* by descend_mpi_reduce_begin, in another order than the tensors' */
    bool has_copies;    /* every second tensor has a copy in bfloat16 */
    bool absents;       /* gradients are absent, on other ranks for each tensor and in each step */
    descend_dtype grad; /* of the gradients */
    descend_dtype param;
    double timeout; /* 0: long */
};

struct scene {
    const struct configuration *configuration;
    struct manner manner;
    size_t sizes[SCENE_TENSORS], elements;
    descend_optimizer *groups, *alone;
    descend_mpi *mpi;
    descend_mpi_memory *grad_memory, *param_memory;
    /* Of this rank, and of the optimizer alone: all elements, one tensor behind the other. */
    unsigned char *param, *grad, *alone_param;
    float *leaf, *sum; /* of the optimizer alone: one gradient, the sum of all */
    uint16_t *low, *copy, *alone_low, *alone_copy;
    uint64_t step;
};

/* The sizes of the tensors times `scale`. */
void scene_begin(struct scene *scene, const struct configuration *configuration, const struct manner *manner,
                 size_t scale);
void scene_end(struct scene *scene);

/* Takes steps with clipped gradients, and compares everything after each. */
void scene_train(struct scene *scene, unsigned steps);
void scene_compare(const struct scene *scene);

/* The parts of a step: new gradients on all ranks, their reduction, and the rest. */
void scene_compute(struct scene *scene);
void scene_reduce(const struct scene *scene);
void scene_step(const struct scene *scene);

#endif
