/* SPDX-License-Identifier: MIT */
#include "post.h"

#include "wait.h"

enum {
    DIRECT_RANKS = 64,      /* up to so many ranks, messages go directly */
    DIRECT_BYTES = 64 << 10 /* unless they are shorter than this */
};

bool descend_mpi_goes_directly(const descend_mpi *mpi, uint64_t longest)
{
    const bool in_steps = mpi->ranks > 1 && (mpi->ranks & (mpi->ranks - 1)) == 0;
    return !in_steps || (mpi->ranks <= DIRECT_RANKS && longest >= DIRECT_BYTES);
}

descend_status descend_mpi_post(descend_mpi *mpi, const struct message *message, bool sends, int rank, int tag,
                                struct posted *posted)
{
    MPI_Request *request = &posted->request[posted->count];
    MPI_Datatype type;
    if (message->blocks == 0)
        return DESCEND_OK;
    descend_status status = descend_mpi_result(mpi, descend_mpi_message_end(message, &type));
    if (status != DESCEND_OK)
        return status;
    posted->count++;
    status = descend_mpi_result(mpi, sends ? MPI_Isend(MPI_BOTTOM, 1, type, rank, tag, mpi->comm, request)
                                           : MPI_Irecv(MPI_BOTTOM, 1, type, rank, tag, mpi->comm, request));
    return status == DESCEND_OK ? descend_mpi_result(mpi, MPI_Type_free(&type)) : status;
}
