/* SPDX-License-Identifier: MIT */
#include "memory.h"

#include <stdlib.h>

#include "wait.h"

enum { ALIGNMENT = 64 };

/* Whether all ranks are on this node, and have no error. */
static bool all_here(MPI_Comm comm, int ranks, descend_status *status)
{
    MPI_Comm node = MPI_COMM_NULL;
    int here = 0, mine[2], all[2];
    if (MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node) != MPI_SUCCESS ||
        MPI_Comm_size(node, &here) != MPI_SUCCESS || MPI_Comm_free(&node) != MPI_SUCCESS) {
        *status = DESCEND_MPI_FAILED;
        return false;
    }
    mine[0] = here == ranks;
    mine[1] = *status == DESCEND_OK;
    if (MPI_Allreduce(mine, all, 2, MPI_INT, MPI_MIN, comm) != MPI_SUCCESS) {
        *status = DESCEND_MPI_FAILED;
        return false;
    }
    if (*status == DESCEND_OK && !all[1])
        *status = DESCEND_MPI_PEER;
    else if (*status == DESCEND_OK && !all[0])
        *status = DESCEND_MPI_NOT_SHARED;
    return *status == DESCEND_OK;
}

/* Opens the window and finds each rank's block. */
static bool open_window(descend_mpi_memory *memory, int rank)
{
    const bool has_block = !memory->common || rank == 0;
    const MPI_Aint bytes = has_block ? (MPI_Aint)memory->size + ALIGNMENT : 0;
    void *mine;
    if (MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, memory->comm, &mine, &memory->window) != MPI_SUCCESS)
        return false;
    for (int of = 0; of < (memory->common ? 1 : memory->ranks); of++) {
        MPI_Aint size;
        int unit;
        void *block;
        if (MPI_Win_shared_query(memory->window, of, &size, &unit, &block) != MPI_SUCCESS)
            return false;
        memory->block[of] = block;
    }
    return MPI_Win_lock_all(MPI_MODE_NOCHECK, memory->window) == MPI_SUCCESS;
}

/* Where a block begins in its memory, at a multiple of ALIGNMENT: every rank finds the same place in it, since MPI maps
 * it at whole pages on each. */
static void *aligned(void *block)
{
    const uintptr_t at = (uintptr_t)block;
    return (char *)block + (ALIGNMENT - at % ALIGNMENT) % ALIGNMENT;
}

descend_status descend_mpi_alloc(descend_mpi_memory **out, MPI_Comm comm, size_t size, bool common)
{
    int rank, ranks;
    MPI_Comm own;
    if (MPI_Comm_dup(comm, &own) != MPI_SUCCESS)
        return DESCEND_MPI_FAILED;
    descend_status status = DESCEND_OK;
    descend_mpi_memory *memory = NULL;
    if (MPI_Comm_set_errhandler(own, MPI_ERRORS_RETURN) != MPI_SUCCESS || MPI_Comm_rank(own, &rank) != MPI_SUCCESS ||
        MPI_Comm_size(own, &ranks) != MPI_SUCCESS)
        status = DESCEND_MPI_FAILED;
    else if (out == NULL)
        status = DESCEND_NULL_ARRAY;
    else if (size > PTRDIFF_MAX - ALIGNMENT ||
             (memory = malloc(sizeof *memory + (size_t)ranks * sizeof *memory->block)) == NULL)
        status = DESCEND_NO_MEMORY;
    if (status != DESCEND_MPI_FAILED && all_here(own, ranks, &status)) {
        *memory = (descend_mpi_memory){.comm = own, .size = size, .ranks = ranks, .common = common};
        status = open_window(memory, rank) ? DESCEND_OK : DESCEND_NO_MEMORY;
    }
    if (status != DESCEND_OK) {
        free(memory);
        (void)MPI_Comm_free(&own);
        return status;
    }
    *out = memory;
    return DESCEND_OK;
}

void *descend_mpi_memory_block(const descend_mpi_memory *memory, int rank)
{
    if (memory == NULL || rank < 0 || rank >= memory->ranks)
        return NULL;
    return aligned(memory->block[memory->common ? 0 : rank]);
}

void descend_mpi_free(descend_mpi_memory *memory)
{
    if (memory == NULL)
        return;
    (void)MPI_Win_unlock_all(memory->window);
    (void)MPI_Win_free(&memory->window);
    (void)MPI_Comm_free(&memory->comm);
    free(memory);
}

descend_status descend_mpi_memory_sync(descend_mpi *mpi, const descend_mpi_memory *memory)
{
    return descend_mpi_result(mpi, MPI_Win_sync(memory->window));
}

bool descend_mpi_memory_is_of(const descend_mpi_memory *memory, MPI_Comm comm)
{
    int order;
    return MPI_Comm_compare(memory->comm, comm, &order) == MPI_SUCCESS &&
           (order == MPI_IDENT || order == MPI_CONGRUENT);
}

bool descend_mpi_memory_has(const descend_mpi_memory *memory, int rank, const void *data, size_t size)
{
    const uintptr_t block = (uintptr_t)descend_mpi_memory_block(memory, rank), at = (uintptr_t)data;
    return at >= block && at - block <= memory->size && size <= memory->size - (at - block);
}
