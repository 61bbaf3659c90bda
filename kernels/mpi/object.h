/* SPDX-License-Identifier: MIT */
/* The optimizer of a communicator. The elements of all tensors are counted through, in the order of the tensors: a
 * "place" is such a number. */
#ifndef DESCEND_MPI_OBJECT_H
#define DESCEND_MPI_OBJECT_H

#include "descend/mpi.h"

/* A tensor as this rank has it, whole. */
struct whole {
    descend_array grad, out; /* out: what is gathered after a step, the parameter or its copy */
    size_t n;
    bool begun;   /* whether its reduction has begun */
    bool skipped; /* whether the optimizer has it without a gradient, as absent on all ranks */
};

/* The elements [begin, end), by place. */
struct places {
    uint64_t begin, end;
};

/* Messages that are under way, with room for one to and one from each other rank. */
struct posted {
    MPI_Request *request;
    int count;
};

/* A part of a reduction (round.h). Two rounds are under way at a time, each with memory of its own. */
enum { ROUNDS = 2 };
struct round {
    bool active;
    bool direct;        /* or by recursive halving */
    unsigned phase;     /* of the halving */
    struct places all;  /* what the round is cut out of, for all shards */
    uint64_t offset;    /* from the beginning of what each shard has of that */
    struct places mine; /* the elements of this rank's shard */
    int tag;            /* of its messages */
    struct posted posted;
    unsigned char *received; /* from each other rank, its elements; halving: the sums, then what is received */
};

struct descend_mpi {
    MPI_Comm comm;
    int rank, ranks;
    descend_optimizer *optimizer; /* of the shard */
    descend_mpi_options options;
    struct whole *tensor;
    size_t tensors;
    uint64_t *start; /* the place of each tensor's first element; behind the last one, the number of all */
    uint64_t *cut;   /* the place at which each rank's shard begins; behind the last one, the number of all */
    float *sum;      /* the gradients of this rank's shard, added up */
    uint64_t round;  /* elements that each shard gets of a round */

    struct round rounds[ROUNDS];
    unsigned oldest;       /* of the active rounds */
    unsigned begun;        /* how many rounds there have been; may wrap around */
    struct places *queue;  /* what is to be reduced, in this order */
    size_t queued, cut_up; /* ranges in the queue; those of them whose rounds have all begun */
    uint64_t queue_offset; /* of the next round, in the first of the others */

    float *accumulated; /* the sums of 2^k micro-batches, for each k an array of all elements */
    unsigned micro_batch;
    float *scratch; /* for adding up ranks: a block for each level of the tree */

    enum { GRADIENTS_OWN, GRADIENTS_SUMMED, GRADIENTS_NOT_FINITE } gradients;

    descend_squares *segment;        /* of all tensors */
    size_t *segments;                /* the number of each tensor's segments */
    int *segment_bytes, *segment_at; /* of each rank, in bytes */

    /* For descend_mpi_message_add; for agreements, which MPI may use until the end. */
    int *length;
    MPI_Aint *at;
    uint64_t agreed[3], mine[3];
    MPI_Request request;
    unsigned char *absent, *absent_of_all; /* one byte for each tensor: of this rank, of all */

    int peer;
    descend_status peer_status;
    void *leftover;        /* what MPI may still write to, where broken is an error */
    descend_status broken; /* the status of every later call; DESCEND_OK: none */
    double deadline;       /* by MPI_Wtime, of the call that is under way; 0: none */
};

#endif
