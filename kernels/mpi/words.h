/* SPDX-License-Identifier: MIT */
/* What saving and loading need of all ranks: a word of each, put together bit by bit. */
#ifndef DESCEND_MPI_WORDS_H
#define DESCEND_MPI_WORDS_H

#include "object.h"

descend_status descend_mpi_xor(descend_mpi *mpi, uint32_t mine, uint32_t *all);
descend_status descend_mpi_or(descend_mpi *mpi, uint32_t mine, uint32_t *all);

#endif
