/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include "memory.h"
#include "plan.h"
#include "post.h"
#include "wait.h"

enum { TAG = 2 };

/* A message of at most so many elements of each shard: some networks cannot send more than 2 GiB at once. */
static const uint64_t PART = UINT64_C(1) << 28;

/* Sends or receives what the ranks in [first, first + count) have, from number `offset` of their shards on. */
static descend_status post_shards(descend_mpi *mpi, int first, int count, uint64_t offset, int rank, bool sends)
{
    const struct places all = {0, mpi->start[mpi->tensors]};
    struct message message;
    descend_mpi_message_begin(&message, mpi, OUTS);
    for (int of = first; of < first + count; of++) {
        const struct places part = descend_mpi_part(mpi, of, &all, offset, PART);
        descend_mpi_message_add(&message, &part);
    }
    return descend_mpi_post(mpi, &message, sends, rank, TAG, &mpi->rounds[0].posted);
}

/* Sends come before receives, as round.c says. */
static descend_status gather_directly(descend_mpi *mpi, uint64_t offset)
{
    struct posted *posted = &mpi->rounds[0].posted; /* no round is under way */
    descend_status status = DESCEND_OK;
    posted->count = 0;
    for (int i = 1; i < mpi->ranks && status == DESCEND_OK; i++)
        status = post_shards(mpi, mpi->rank, 1, offset, (mpi->rank + i) % mpi->ranks, true);
    for (int i = 1; i < mpi->ranks && status == DESCEND_OK; i++) {
        const int from = (mpi->rank + mpi->ranks - i) % mpi->ranks;
        status = post_shards(mpi, from, 1, offset, from, false);
    }
    return status == DESCEND_OK ? descend_mpi_wait(mpi, posted->request, posted->count) : status;
}

/* Recursive doubling: two ranks exchange their shards, then two pairs, then two fours … The number of ranks is a power
 * of two. */
static descend_status gather_by_doubling(descend_mpi *mpi, uint64_t offset)
{
    struct posted *posted = &mpi->rounds[0].posted;
    descend_status status = DESCEND_OK;
    for (int have = 1; have < mpi->ranks && status == DESCEND_OK; have *= 2) {
        const int partner = mpi->rank ^ have;
        posted->count = 0;
        status = post_shards(mpi, mpi->rank & ~(have - 1), have, offset, partner, true);
        if (status == DESCEND_OK)
            status = post_shards(mpi, partner & ~(have - 1), have, offset, partner, false);
        if (status == DESCEND_OK)
            status = descend_mpi_wait(mpi, posted->request, posted->count);
    }
    return status;
}

descend_status descend_mpi_gather(descend_mpi *mpi)
{
    uint64_t longest = 0;
    descend_status status = DESCEND_OK;
    if (mpi->options.shared_params)
        return descend_mpi_memory_sync(mpi, mpi->options.shared_params);
    for (int rank = 0; rank < mpi->ranks; rank++) {
        const struct places shard = descend_mpi_shard(mpi, rank);
        longest = shard.end - shard.begin > longest ? shard.end - shard.begin : longest;
    }
    const bool direct = descend_mpi_goes_directly(mpi, longest * sizeof(float));
    for (uint64_t offset = 0; offset < longest && status == DESCEND_OK; offset += PART)
        status = direct ? gather_directly(mpi, offset) : gather_by_doubling(mpi, offset);
    return status;
}
