/* SPDX-License-Identifier: MIT */
/* Reductions: of micro-batches on a rank, then of all ranks. */
#include "reduce.h"

#include <string.h>

#include "hash.h"
#include "memory.h"
#include "round.h"
#include "tree.h"
#include "wait.h"

static size_t grad_bytes(const struct whole *tensor)
{
    size_t data, second;
    descend_array_size(tensor->grad.dtype, tensor->n, &data, &second);
    return data;
}

void descend_mpi_zero_grads(const descend_mpi *mpi)
{
    for (size_t t = 0; t < mpi->tensors; t++)
        if (mpi->tensor[t].n > 0)
            memset(mpi->tensor[t].grad.data, 0, grad_bytes(&mpi->tensor[t]));
}

descend_status descend_mpi_zero_grad(descend_mpi *mpi)
{
    if (mpi == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (mpi->queued > 0)
        return DESCEND_UNFINISHED;
    descend_mpi_zero_grads(mpi);
    return mpi->broken;
}

descend_status descend_mpi_set_absent(descend_mpi *mpi, size_t tensor, bool absent)
{
    if (mpi == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (tensor >= mpi->tensors)
        return DESCEND_BAD_TENSOR;
    if (mpi->tensor[tensor].begun)
        return DESCEND_UNFINISHED;
    mpi->absent[tensor] = absent;
    return mpi->broken;
}

/* Micro-batch i, counted from 0, is a leaf of the tree; where bit k of i is set, the sum of the 2^k leaves before its
 * subtree waits to be added to it. The last one gathers in what is left of an incomplete tree, too. */
descend_status descend_mpi_accumulate(descend_mpi *mpi)
{
    descend_status status = mpi ? mpi->broken : DESCEND_NULL_OPTIMIZER;
    if (status != DESCEND_OK)
        return status;
    const unsigned micro_batch = mpi->micro_batch, batches = mpi->options.micro_batches;
    if (micro_batch >= batches || mpi->queued > 0)
        return DESCEND_UNFINISHED;
    const bool last = micro_batch + 1 == batches;
    for (size_t t = 0; t < mpi->tensors && status == DESCEND_OK; t++) {
        float *grad = mpi->tensor[t].grad.data;
        float *waiting = mpi->accumulated + mpi->start[t];
        const size_t n = mpi->tensor[t].n;
        unsigned rest = micro_batch;
        for (; status == DESCEND_OK && (last ? rest > 0 : rest & 1); rest >>= 1, waiting += mpi->start[mpi->tensors])
            if (rest & 1)
                status = descend_mpi_add(mpi, DESCEND_F32, waiting, n, grad);
        if (!last && n > 0 && status == DESCEND_OK)
            memcpy(waiting, grad, n * sizeof *grad);
    }
    mpi->micro_batch++;
    return status;
}

/* Puts the elements of tensors that have not begun into the queue. What is absent counts as 0. */
static void enqueue(descend_mpi *mpi, size_t tensor, size_t count)
{
    for (size_t t = tensor; t < tensor + count; t++) {
        mpi->tensor[t].begun = true;
        if (mpi->absent[t] && mpi->tensor[t].n > 0)
            memset(mpi->tensor[t].grad.data, 0, grad_bytes(&mpi->tensor[t]));
    }
    mpi->queue[mpi->queued++] = (struct places){mpi->start[tensor], mpi->start[tensor + count]};
}

/* Begins the next round of the queue in this memory, if there is one. */
static descend_status begin_next(descend_mpi *mpi, struct round *round)
{
    while (mpi->cut_up < mpi->queued) {
        const struct places *range = &mpi->queue[mpi->cut_up];
        for (int rank = 0; rank < mpi->ranks; rank++) {
            const struct places part = descend_mpi_part(mpi, rank, range, mpi->queue_offset, mpi->round);
            if (part.begin < part.end) {
                const uint64_t offset = mpi->queue_offset;
                mpi->queue_offset += mpi->round;
                return descend_mpi_round_begin(mpi, round, range, offset);
            }
        }
        mpi->cut_up++;
        mpi->queue_offset = 0;
    }
    return DESCEND_OK;
}

/* Goes on with the rounds of the queue: until nothing is left, or as far as goes without waiting. */
static descend_status advance(descend_mpi *mpi, bool wait)
{
    descend_status status = DESCEND_OK;
    if (mpi->options.shared_grads) /* they are read where they are */
        return status;
    while (status == DESCEND_OK) {
        for (unsigned i = 0; i < ROUNDS && status == DESCEND_OK; i++) {
            struct round *round = &mpi->rounds[(mpi->oldest + i) % ROUNDS];
            if (!round->active)
                status = begin_next(mpi, round);
        }
        struct round *round = &mpi->rounds[mpi->oldest];
        bool done = true;
        if (status != DESCEND_OK || !round->active)
            break;
        status = wait ? descend_mpi_wait(mpi, round->posted.request, round->posted.count)
                      : descend_mpi_test(mpi, round->posted.request, round->posted.count, &done);
        if (status != DESCEND_OK || !done)
            break;
        status = descend_mpi_round_continue(mpi, round);
        if (!round->active)
            mpi->oldest = (mpi->oldest + 1) % ROUNDS;
    }
    return status;
}

descend_status descend_mpi_poll(descend_mpi *mpi)
{
    const descend_status status = descend_mpi_enter(mpi);
    return status == DESCEND_OK ? advance(mpi, false) : status;
}

/* What a reduction needs of this rank; it cannot fail here afterwards, while others wait for it. */
static descend_status check_ready(const descend_mpi *mpi)
{
    if (mpi->micro_batch != mpi->options.micro_batches)
        return DESCEND_UNFINISHED;
    return strcmp(descend_isa_active(), "none") == 0 ? DESCEND_NO_ISA : DESCEND_OK;
}

descend_status descend_mpi_reduce_begin(descend_mpi *mpi, size_t tensor, size_t count)
{
    descend_status status = descend_mpi_enter(mpi);
    if (status != DESCEND_OK)
        return status;
    if (tensor > mpi->tensors || count > mpi->tensors - tensor)
        return DESCEND_BAD_TENSOR;
    if ((status = check_ready(mpi)) != DESCEND_OK)
        return status;
    for (size_t t = tensor; t < tensor + count; t++)
        if (mpi->tensor[t].begun)
            return DESCEND_UNFINISHED;
    if (count == 0)
        return DESCEND_OK;
    mpi->gradients = GRADIENTS_OWN;
    enqueue(mpi, tensor, count);
    return advance(mpi, false);
}

/* What has begun, in its order: it has to be the same on all ranks. */
static uint64_t hash_queue(const descend_mpi *mpi)
{
    return descend_mpi_hash(descend_mpi_hash_begin, mpi->queue, mpi->queued * sizeof *mpi->queue);
}

static void enqueue_rest(descend_mpi *mpi)
{
    for (size_t t = 0, end; t < mpi->tensors; t = end) {
        for (end = t; end < mpi->tensors && mpi->tensor[end].begun == mpi->tensor[t].begun;)
            end++;
        if (!mpi->tensor[t].begun)
            enqueue(mpi, t, end - t);
    }
}

/* Finds out which gradients are absent on all ranks: their tensors are not stepped. */
static descend_status agree_absent(descend_mpi *mpi)
{
    descend_status status =
        descend_mpi_finish(mpi, MPI_Iallreduce(mpi->absent, mpi->absent_of_all, (int)mpi->tensors, MPI_UNSIGNED_CHAR,
                                               MPI_BAND, mpi->comm, &mpi->request));
    for (size_t t = 0; t < mpi->tensors && status == DESCEND_OK; t++) {
        const bool skipped = mpi->absent_of_all[t];
        if (skipped != mpi->tensor[t].skipped)
            status = descend_optimizer_set_grad(mpi->optimizer, t, skipped ? NULL : descend_mpi_sum_of(mpi, t));
        mpi->tensor[t].skipped = skipped;
    }
    return status;
}

/* At the same place of another rank's block as in that of this rank. */
static const void *find_shared(const descend_mpi *mpi, const void *context, int rank, const struct run *run)
{
    (void)context;
    const char *grad = mpi->tensor[run->tensor].grad.data;
    const char *mine = descend_mpi_memory_block(mpi->options.shared_grads, mpi->rank);
    const char *theirs = descend_mpi_memory_block(mpi->options.shared_grads, rank);
    const struct whole until = {.grad = mpi->tensor[run->tensor].grad, .n = run->begin};
    return theirs + (grad - mine) + grad_bytes(&until);
}

/* Adds up what the other ranks have in memory that this one sees; nobody may change it before all have. */
static descend_status add_shared(descend_mpi *mpi)
{
    const struct places shard = descend_mpi_shard(mpi, mpi->rank);
    descend_status status = descend_mpi_memory_sync(mpi, mpi->options.shared_grads);
    if (status == DESCEND_OK)
        status = descend_mpi_agree(mpi, DESCEND_OK, 0);
    if (status == DESCEND_OK)
        status = descend_mpi_memory_sync(mpi, mpi->options.shared_grads);
    return status == DESCEND_OK ? descend_mpi_add_ranks(mpi, &shard, find_shared, NULL) : status;
}

static void forget_queue(descend_mpi *mpi)
{
    mpi->queued = mpi->cut_up = 0;
    mpi->queue_offset = 0;
    mpi->micro_batch = 0;
    for (size_t t = 0; t < mpi->tensors; t++)
        mpi->tensor[t].begun = false;
}

static descend_status reduce_all(descend_mpi *mpi)
{
    enqueue_rest(mpi);
    descend_status status = mpi->options.shared_grads ? add_shared(mpi) : advance(mpi, true);
    if (status == DESCEND_OK)
        status = agree_absent(mpi);
    return descend_mpi_agree(mpi, status, 0);
}

descend_status descend_mpi_reduce(descend_mpi *mpi)
{
    descend_status status = descend_mpi_enter(mpi);
    if (status != DESCEND_OK)
        return status;
    status = descend_mpi_agree(mpi, check_ready(mpi), hash_queue(mpi));
    if (status != DESCEND_OK)
        return status; /* what has begun stays so, on all ranks */
    status = reduce_all(mpi);
    if (status == DESCEND_OK)
        mpi->gradients = GRADIENTS_SUMMED;
    else if (mpi->broken == DESCEND_OK)
        mpi->broken = status;
    forget_queue(mpi);
    return status;
}
