/* SPDX-License-Identifier: MIT */
/* The ways of taking a step of Adam across ranks that are compared. All get the same gradients, whose sums are exact in
 * any order, and so compute the same parameters. */
#ifndef DESCEND_BENCH_MPI_WAYS_H
#define DESCEND_BENCH_MPI_WAYS_H

#include "descend/mpi.h"

/* The ranks of MPI_COMM_WORLD, and the one tensor that each of them has whole. */
struct team {
    int rank, ranks;
    size_t n; /* at most INT_MAX elements, since MPI's own collectives count in int */
};

struct way {
    struct team team;
    void (*step)(struct way *way);
    float *param, *grad;
    uint16_t *copy;            /* what is gathered instead of the parameters; NULL: they are */
    float *sum;                /* MPI's own collectives: what is stepped with */
    int *length, *start;       /* Reduce_scatter: of each rank's shard */
    descend_optimizer *single; /* of this process alone; NULL: there is mpi */
    descend_mpi *mpi;
    descend_mpi_memory *shared_grads, *shared_params; /* NULL: the rank has its own */
};

enum { WAYS = 6 };
extern const char *const way_names[WAYS];

/* Ends the job with a message where there is no memory or the library refuses a call. */
void way_begin(struct way *way, unsigned number, const struct team *team);
void way_end(struct way *way);

/* Whether all parameters, or all copies, have the bits of another way's parameters. */
bool way_agrees(const struct way *way, const struct way *other);

/* The same for an optimizer without tensors, whose steps consist of agreements only. */
void way_begin_empty(struct way *way, const struct team *team);

/* Ends the job with a message. */
_Noreturn void way_give_up(const char *what, const char *why);
void way_expect(descend_status status, const char *call);

#endif
