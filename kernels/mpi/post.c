/* SPDX-License-Identifier: MIT */
#include "post.h"

#include "wait.h"

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
