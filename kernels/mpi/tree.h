/* SPDX-License-Identifier: MIT */
/* Adding up the gradients of ranks, in the fixed tree. */
#ifndef DESCEND_MPI_TREE_H
#define DESCEND_MPI_TREE_H

#include "plan.h"

/* The number of elements that are added up at a time: few enough to stay in a cache, or enough for several threads. */
size_t descend_mpi_chunk(const descend_mpi *mpi);

/* How many floats descend_mpi.scratch has: a chunk for each level of the tree. */
size_t descend_mpi_scratch(const descend_mpi *mpi);

/* Where a rank's gradients of a run are, from the run's first element on. */
typedef const void *descend_mpi_find(const descend_mpi *mpi, const void *context, int rank, const struct run *run);

/* Adds up all ranks' gradients of a range of this rank's shard, into sum. Refused only by a DESCEND_ISA that names no
 * variant. */
descend_status descend_mpi_add_ranks(descend_mpi *mpi, const struct places *range, descend_mpi_find *find,
                                     const void *context);

/* to += from, over n elements. */
descend_status descend_mpi_add(const descend_mpi *mpi, descend_dtype dtype, const void *from, size_t n, float *to);

#endif
