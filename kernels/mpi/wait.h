/* SPDX-License-Identifier: MIT */
/* Waiting for other ranks, and agreeing with them. */
#ifndef DESCEND_MPI_WAIT_H
#define DESCEND_MPI_WAIT_H

#include "object.h"

/* Begins a call: the deadline counts from now on. Returns the status of an earlier call after which there can be no
 * other, or DESCEND_OK. */
descend_status descend_mpi_enter(descend_mpi *mpi);

/* The status of a call of MPI. */
descend_status descend_mpi_result(descend_mpi *mpi, int result);

/* Whether requests are done. */
descend_status descend_mpi_test(descend_mpi *mpi, MPI_Request *requests, int count, bool *done);

/* Waits until requests are done. */
descend_status descend_mpi_wait(descend_mpi *mpi, MPI_Request *requests, int count);

/* Waits until the operation is done that a call of MPI, with this result, has begun as mpi->request. */
descend_status descend_mpi_finish(descend_mpi *mpi, int result);

/* Waits until all ranks are here, and returns DESCEND_OK where all have this status and the same hash. Else each rank
 * returns its own status; DESCEND_MPI_PEER where only others are not DESCEND_OK; DESCEND_MPI_MISMATCH where all are,
 * but with different hashes. */
descend_status descend_mpi_agree(descend_mpi *mpi, descend_status status, uint64_t hash);

#endif
