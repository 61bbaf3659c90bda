/* SPDX-License-Identifier: MIT */
/* Measuring and stepping. */
#include <string.h>

#include "gather.h"
#include "hash.h"
#include "memory.h"
#include "plan.h"
#include "reduce.h"
#include "tree.h"
#include "wait.h"

/* Finds the first rank whose own gradients are not finite. */
static bool is_finite(const descend_mpi *mpi)
{
    const size_t chunk = descend_mpi_chunk(mpi);
    const struct places all = {0, mpi->start[mpi->tensors]};
    struct run run;
    uint32_t greatest = 0;
    for (bool more = descend_mpi_run_first(mpi, &all, &run); more; more = descend_mpi_run_next(mpi, &all, &run))
        for (size_t i = 0, n; i < run.end; i += n) {
            const descend_array *grad = &mpi->tensor[run.tensor].grad;
            size_t bytes, second;
            n = run.end - i < chunk ? run.end - i : chunk;
            descend_array_size(grad->dtype, i, &bytes, &second);
            const descend_array from = {.data = (char *)grad->data + bytes, .dtype = grad->dtype};
            (void)descend_array_load(&from, n, mpi->scratch); /* cannot be refused: the reduction has read it */
            for (size_t k = 0; k < n; k++) {
                uint32_t bits;
                memcpy(&bits, &mpi->scratch[k], sizeof bits);
                bits &= UINT32_C(0x7fffffff);
                greatest = bits > greatest ? bits : greatest;
            }
        }
    return greatest < UINT32_C(0x7f800000);
}

static descend_status find_not_finite(descend_mpi *mpi)
{
    const uint64_t ranks = (uint64_t)mpi->ranks;
    mpi->mine[0] = is_finite(mpi) ? ranks : (uint64_t)mpi->rank; /* MPICH 4.0 compares them as if they had signs */
    const descend_status status = descend_mpi_finish(
        mpi, MPI_Iallreduce(mpi->mine, mpi->agreed, 1, MPI_UINT64_T, MPI_MIN, mpi->comm, &mpi->request));
    if (status == DESCEND_OK && mpi->agreed[0] < ranks) {
        mpi->peer = (int)mpi->agreed[0];
        mpi->peer_status = DESCEND_MPI_NOT_FINITE;
    }
    return status;
}

/* Measures this rank's segments. */
static descend_status measure_own(const descend_mpi *mpi, const descend_exec *exec,
                                  const descend_measurement *measurement)
{
    descend_squares *mine = mpi->segment + (size_t)mpi->segment_at[mpi->rank] / sizeof *mine;
    if (mpi->gradients == GRADIENTS_OWN)
        return DESCEND_UNFINISHED;
    if (measurement == NULL)
        return DESCEND_NULL_MEASUREMENT;
    if (exec && exec->slices > 0)
        return DESCEND_NO_SLICES;
    return descend_optimizer_squares(mpi->optimizer, 0, mpi->tensors, exec, mine);
}

/* Learns the segments of all ranks. */
static descend_status share_segments(descend_mpi *mpi)
{
    return descend_mpi_finish(mpi, MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, mpi->segment, mpi->segment_bytes,
                                                   mpi->segment_at, MPI_BYTE, mpi->comm, &mpi->request));
}

descend_status descend_mpi_measure(descend_mpi *mpi, const descend_exec *exec, descend_measurement *measurement)
{
    descend_measurement found;
    descend_status status = descend_mpi_enter(mpi);
    if (status == DESCEND_OK)
        status = descend_mpi_agree(mpi, measure_own(mpi, exec, measurement), 0);
    if (status == DESCEND_OK)
        status = share_segments(mpi);
    if (status == DESCEND_OK)
        status = descend_squares_combine(mpi->segment, mpi->segments, mpi->tensors, &found);
    if (status == DESCEND_OK && !found.finite)
        status = find_not_finite(mpi);
    if (status != DESCEND_OK)
        return status;
    mpi->gradients = found.finite ? GRADIENTS_SUMMED : GRADIENTS_NOT_FINITE;
    *measurement = found;
    return DESCEND_OK;
}

/* What a step depends on beside the gradients. */
static uint64_t hash_step(const descend_mpi *mpi, const descend_pass *pass)
{
    const double grad_scale = pass->grad_scale ? *pass->grad_scale : 1;
    const unsigned char flags[] = {pass->zero_grad, pass->flush_subnormals};
    const uint64_t hash = descend_mpi_hash(descend_mpi_hash_begin, &grad_scale, sizeof grad_scale);
    return descend_mpi_hash_groups(descend_mpi_hash(hash, flags, sizeof flags), mpi->optimizer);
}

static descend_status check_step(const descend_mpi *mpi, const descend_pass *pass, const descend_exec *exec)
{
    if (mpi->gradients == GRADIENTS_OWN)
        return DESCEND_UNFINISHED;
    if (mpi->gradients == GRADIENTS_NOT_FINITE)
        return DESCEND_MPI_NOT_FINITE;
    if (exec && exec->slices > 0)
        return DESCEND_NO_SLICES;
    return descend_optimizer_check(mpi->optimizer, pass, exec);
}

descend_status descend_mpi_step(descend_mpi *mpi, const descend_pass *pass, const descend_exec *exec)
{
    static const descend_pass only_update;
    descend_pass of_shard = pass ? *pass : only_update;
    descend_status status = descend_mpi_enter(mpi);
    if (status != DESCEND_OK)
        return status;
    status = descend_mpi_agree(mpi, check_step(mpi, &of_shard, exec), hash_step(mpi, &of_shard));
    if (status != DESCEND_OK)
        return status;
    const bool zero_grad = of_shard.zero_grad;
    of_shard.zero_grad = false; /* of the sums: these are not the caller's gradients */
    status = descend_optimizer_step(mpi->optimizer, &of_shard, exec);
    if (status == DESCEND_OK && mpi->options.shared_params)
        status = descend_mpi_memory_sync(mpi, mpi->options.shared_params);
    status = descend_mpi_agree(mpi, status, 0);
    if (status == DESCEND_OK)
        status = descend_mpi_gather(mpi);
    if (status != DESCEND_OK)
        return mpi->broken = status; /* some ranks have stepped */
    if (zero_grad)
        descend_mpi_zero_grads(mpi);
    mpi->gradients = GRADIENTS_OWN;
    return DESCEND_OK;
}

descend_status descend_mpi_peer(const descend_mpi *mpi, int *rank, descend_status *status)
{
    if (mpi == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (rank)
        *rank = mpi->peer;
    if (status)
        *status = mpi->peer_status;
    return DESCEND_OK;
}

descend_optimizer *descend_mpi_optimizer(descend_mpi *mpi)
{
    return mpi ? mpi->optimizer : NULL;
}
