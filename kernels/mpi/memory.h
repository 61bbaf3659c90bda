/* SPDX-License-Identifier: MIT */
/* Memory that the ranks of a node share. */
#ifndef DESCEND_MPI_MEMORY_H
#define DESCEND_MPI_MEMORY_H

#include "object.h"

struct descend_mpi_memory {
    MPI_Comm comm;
    MPI_Win window;
    size_t size; /* of a block */
    int ranks;
    bool common;
    void *block[]; /* of each rank; of rank 0 only, where it is common */
};

/* Lets a rank see what others wrote before an agreement, and them what it wrote; before and after one. */
descend_status descend_mpi_memory_sync(descend_mpi *mpi, const descend_mpi_memory *memory);

/* Whether the memory is of the same ranks. */
bool descend_mpi_memory_is_of(const descend_mpi_memory *memory, MPI_Comm comm);

/* Whether bytes lie in the block of a rank. */
bool descend_mpi_memory_has(const descend_mpi_memory *memory, int rank, const void *data, size_t size);

#endif
