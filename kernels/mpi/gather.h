/* SPDX-License-Identifier: MIT */
#ifndef DESCEND_MPI_GATHER_H
#define DESCEND_MPI_GATHER_H

#include "object.h"

/* Sends this rank's shard of the parameters, or of their copies, to all ranks, and receives theirs. */
descend_status descend_mpi_gather(descend_mpi *mpi);

#endif
