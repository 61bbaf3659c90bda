/* SPDX-License-Identifier: MIT */
#include "words.h"

#include "wait.h"

static descend_status put_together(descend_mpi *mpi, uint32_t mine, MPI_Op operation, uint32_t *all)
{
    MPI_Request request;
    if (mpi->broken != DESCEND_OK)
        return mpi->broken;
    mpi->mine[0] = mine;
    descend_status status = descend_mpi_result(
        mpi, MPI_Iallreduce(mpi->mine, mpi->agreed, 1, MPI_UINT64_T, operation, mpi->comm, &request));
    if (status == DESCEND_OK)
        status = descend_mpi_wait(mpi, &request, 1);
    *all = (uint32_t)mpi->agreed[0];
    return status;
}

descend_status descend_mpi_xor(descend_mpi *mpi, uint32_t mine, uint32_t *all)
{
    return put_together(mpi, mine, MPI_BXOR, all);
}

descend_status descend_mpi_or(descend_mpi *mpi, uint32_t mine, uint32_t *all)
{
    return put_together(mpi, mine, MPI_BOR, all);
}
