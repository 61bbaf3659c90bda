/* SPDX-License-Identifier: MIT */
/* MPI's description of elements where they lie, so that nothing is packed. */
#ifndef DESCEND_MPI_TYPE_H
#define DESCEND_MPI_TYPE_H

#include "plan.h"

/* Which array of each tensor. */
enum which { GRADS, OUTS };

/* A message of elements at their addresses: to be sent or received as one element of this type at MPI_BOTTOM. */
struct message {
    const descend_mpi *mpi;
    enum which which;
    int blocks; /* in mpi->length and mpi->at */
};

/* The most blocks of a message; 0 where they are too many for MPI to count. */
int descend_mpi_blocks_max(const descend_mpi *mpi);

void descend_mpi_message_begin(struct message *message, const descend_mpi *mpi, enum which which);
void descend_mpi_message_add(struct message *message, const struct places *range);
/* Returns what MPI does. The type is committed, and to be freed where that is MPI_SUCCESS. */
int descend_mpi_message_end(const struct message *message, MPI_Datatype *type);

#endif
