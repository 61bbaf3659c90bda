/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* sched_yield */
#include "wait.h"

#include <sched.h>

enum { AGREED = 3 }; /* the words of an agreement: the worst status with its rank, the hash, the hash inverted */

descend_status descend_mpi_enter(descend_mpi *mpi)
{
    if (mpi == NULL)
        return DESCEND_NULL_OPTIMIZER;
    mpi->peer = -1;
    mpi->peer_status = DESCEND_OK;
    mpi->deadline = mpi->options.timeout > 0 ? MPI_Wtime() + mpi->options.timeout : 0;
    return mpi->broken;
}

descend_status descend_mpi_result(descend_mpi *mpi, int result)
{
    if (result != MPI_SUCCESS)
        mpi->broken = DESCEND_MPI_FAILED;
    return mpi->broken;
}

descend_status descend_mpi_test(descend_mpi *mpi, MPI_Request *requests, int count, bool *done)
{
    descend_status status = DESCEND_OK;
    *done = true;
    for (int i = 0; i < count && status == DESCEND_OK; i++) {
        MPI_Status ignored;
        int flag = 1;
        if (requests[i] != MPI_REQUEST_NULL)
            status = descend_mpi_result(mpi, MPI_Test(&requests[i], &flag, &ignored));
        *done = *done && flag != 0;
    }
    return status;
}

descend_status descend_mpi_wait(descend_mpi *mpi, MPI_Request *requests, int count)
{
    bool done = false;
    descend_status status = descend_mpi_test(mpi, requests, count, &done);
    while (status == DESCEND_OK && !done) {
        (void)sched_yield(); /* the rank that is waited for may want this processor */
        status = descend_mpi_test(mpi, requests, count, &done);
        if (!done && status == DESCEND_OK && mpi->deadline > 0 && MPI_Wtime() > mpi->deadline)
            status = mpi->broken = DESCEND_MPI_TIMEOUT;
    }
    return status;
}

descend_status descend_mpi_finish(descend_mpi *mpi, int result)
{
    const descend_status status = descend_mpi_result(mpi, result);
    return status == DESCEND_OK ? descend_mpi_wait(mpi, &mpi->request, 1) : status;
}

descend_status descend_mpi_agree(descend_mpi *mpi, descend_status status, uint64_t hash)
{
    const uint64_t refused = (uint64_t)status << 32 | (uint64_t)mpi->rank;
    if (mpi->broken != DESCEND_OK)
        return mpi->broken;
    mpi->mine[0] = status == DESCEND_OK ? 0 : refused;
    mpi->mine[1] = hash;
    mpi->mine[2] = ~hash;
    const descend_status waited = descend_mpi_finish(
        mpi, MPI_Iallreduce(mpi->mine, mpi->agreed, AGREED, MPI_UINT64_T, MPI_MAX, mpi->comm, &mpi->request));
    if (waited != DESCEND_OK)
        return waited;
    if (mpi->agreed[0] == 0) /* the greatest hash is the smallest one, too, where all are the same */
        return mpi->agreed[1] == ~mpi->agreed[2] ? DESCEND_OK : DESCEND_MPI_MISMATCH;
    mpi->peer = (int)(mpi->agreed[0] & UINT32_MAX);
    mpi->peer_status = (descend_status)(mpi->agreed[0] >> 32);
    return status == DESCEND_OK ? DESCEND_MPI_PEER : status;
}
