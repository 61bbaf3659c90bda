/* SPDX-License-Identifier: MIT */
/* Rounds of a reduction: in each, every rank sends every other rank the gradients of that one's shard, directly or by
 * recursive halving (Rabenseifner 2004), and adds up what it receives. Both give the same bits. */
#ifndef DESCEND_MPI_ROUND_H
#define DESCEND_MPI_ROUND_H

#include "plan.h"

/* The bytes of memory that a round needs. */
size_t descend_mpi_round_bytes(const descend_mpi *mpi);

/* Begins a round: of what each shard has of `all`, the elements from `offset` on. */
descend_status descend_mpi_round_begin(descend_mpi *mpi, struct round *round, const struct places *all,
                                       uint64_t offset);

/* Goes on with a round whose requests are done: its next phase is begun, or what was received is added up and the round
 * is no longer active. */
descend_status descend_mpi_round_continue(descend_mpi *mpi, struct round *round);

#endif
