/* SPDX-License-Identifier: MIT */
#ifndef DESCEND_MPI_REDUCE_H
#define DESCEND_MPI_REDUCE_H

#include "plan.h"

/* Sets all gradients of this rank to 0. */
void descend_mpi_zero_grads(const descend_mpi *mpi);

#endif
