/* SPDX-License-Identifier: MIT */
#ifndef DESCEND_MPI_POST_H
#define DESCEND_MPI_POST_H

#include "type.h"

/* Begins to send a message to a rank, or to receive it from there. One without elements is not sent. */
descend_status descend_mpi_post(descend_mpi *mpi, const struct message *message, bool sends, int rank, int tag,
                                struct posted *posted);

#endif
