/* SPDX-License-Identifier: MIT */
/* Which elements belong to which rank, and where ranges of them lie in the tensors. */
#ifndef DESCEND_MPI_PLAN_H
#define DESCEND_MPI_PLAN_H

#include "object.h"

/* Fills in start and cut, for the numbers of elements that are in tensor[]. whole_tensors: they are not cut. */
void descend_mpi_plan(descend_mpi *mpi, bool whole_tensors);

/* Elements of one tensor: [begin, end) of it, which have places from `place` on. */
struct run {
    size_t tensor, begin, end;
    uint64_t place;
};

/* The first run of a range, then the next ones. False: there is none, or there are no more. */
bool descend_mpi_run_first(const descend_mpi *mpi, const struct places *range, struct run *run);
bool descend_mpi_run_next(const descend_mpi *mpi, const struct places *range, struct run *run);

/* The shard of a rank; what it has of a range: at most `count` elements, from number `offset` on. */
struct places descend_mpi_shard(const descend_mpi *mpi, int rank);
struct places descend_mpi_part(const descend_mpi *mpi, int rank, const struct places *range, uint64_t offset,
                               uint64_t count);

/* How many elements each shard gets of a round of a reduction, by the plan and options.bucket: so few that the bytes of
 * all shards fit in an int. */
uint64_t descend_mpi_round_length(const descend_mpi *mpi);

/* What this rank has of a tensor. */
struct places descend_mpi_piece_of(const descend_mpi *mpi, size_t tensor);

/* The gradients of this rank's piece of a tensor, added up; any address where it has none. */
float *descend_mpi_sum_of(const descend_mpi *mpi, size_t tensor);

static inline size_t descend_mpi_length(const struct places *range)
{
    return (size_t)(range->end - range->begin);
}

#endif
