/* SPDX-License-Identifier: MIT */
#ifndef DESCEND_MPI_POST_H
#define DESCEND_MPI_POST_H

#include "type.h"

/* Whether ranks exchange parts of which the longest has so many bytes directly, each with each; else in steps of two
 * ranks, which are fewer messages and want the number of ranks to be a power of two. */
bool descend_mpi_goes_directly(const descend_mpi *mpi, uint64_t longest);

/* Begins to send a message to a rank, or to receive it from there. One without elements is not sent. */
descend_status descend_mpi_post(descend_mpi *mpi, const struct message *message, bool sends, int rank, int tag,
                                struct posted *posted);

#endif
