/* SPDX-License-Identifier: MIT */
#include "words.h"

#include "wait.h"

static descend_status put_together(descend_mpi *mpi, uint32_t mine, MPI_Op operation, uint32_t *all)
{
    if (mpi->broken != DESCEND_OK)
        return mpi->broken;
    mpi->mine[0] = mine;
    const descend_status status = descend_mpi_finish(
        mpi, MPI_Iallreduce(mpi->mine, mpi->agreed, 1, MPI_UINT64_T, operation, mpi->comm, &mpi->request));
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
