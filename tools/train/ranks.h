/* SPDX-License-Identifier: MIT */
/*
 * The processes that train together, called ranks: those that mpirun has started (ranks.c, in a build with MPI), or one
 * (alone.c). Each computes the gradients of its share of a batch's micro-batches; the optimizer is that of all.
 */
#ifndef DESCEND_TRAIN_RANKS_H
#define DESCEND_TRAIN_RANKS_H

#include <stdbool.h>
#include <stddef.h>

#include "descend/checkpoint.h"

/* Whether there can be more than one micro-batch. */
extern const bool ranks_can_share;

/* Called first and last. Only rank 0 prints and complains from then on; see ranks_agree for the others. */
void ranks_begin(void);
void ranks_end(void);

unsigned ranks_count(void);
unsigned ranks_number(void); /* of this one, from 0 on */

/* Whether all ranks say so; to be called by all. Where one does not, the first rank that has complained is heard. */
bool ranks_agree(bool good);

/* Rank r has set values[r * each … (r + 1) * each - 1]; then all have all. */
void ranks_collect(double *values, unsigned each);

/* The optimizer of all ranks. */
struct joint {
    descend_optimizer *optimizer; /* of this rank's part of the elements, to configure and to read */
    struct descend_mpi *mpi;      /* NULL without MPI */
    unsigned micro_batches;       /* of each rank in each step */
};

/* Functions below are called by all ranks. A rank on which nothing is wrong returns DESCEND_MPI_PEER where something is
 * on another. joint_open takes over an optimizer that has no tensors. joint_close after it in any case. */
descend_status joint_open(struct joint *joint, descend_optimizer *groups, const descend_tensor *tensors, size_t count,
                          unsigned micro_batches, unsigned threads);
void joint_close(struct joint *joint);

/* Takes the gradients of one of the rank's micro-batches, which are in the tensors' arrays. */
descend_status joint_accumulate(struct joint *joint);

/* Adds up all ranks' gradients, after the last micro-batch. */
descend_status joint_reduce(struct joint *joint);

/* As descend_optimizer_measure, _step and _set_grad, of that sum. */
descend_status joint_measure(struct joint *joint, const descend_exec *exec, descend_measurement *found);
descend_status joint_step(struct joint *joint, const descend_pass *pass, const descend_exec *exec);
descend_status joint_set_grad(struct joint *joint, size_t tensor, void *grad);

descend_status joint_save(struct joint *joint, const char *path, const descend_checkpoint *checkpoint);
descend_status joint_load(struct joint *joint, const char *path, const descend_checkpoint *checkpoint);

#endif
