/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include "memory.h"
#include "plan.h"
#include "type.h"
#include "wait.h"

enum { TAG = 2, DIRECT_RANKS = 64 }; /* up to so many ranks, messages go directly */

/* A message of at most so many elements of each shard: some networks cannot send more than 2 GiB at once. */
static const uint64_t PART = UINT64_C(1) << 28;

static descend_status post(descend_mpi *mpi, const struct message *message, int rank, bool sends, int *requests)
{
    MPI_Request *request = &mpi->rounds[0].request[*requests];
    MPI_Datatype type;
    if (message->blocks == 0)
        return DESCEND_OK;
    descend_status status = descend_mpi_result(mpi, descend_mpi_message_end(message, &type));
    if (status != DESCEND_OK)
        return status;
    ++*requests;
    status = descend_mpi_result(mpi, sends ? MPI_Isend(MPI_BOTTOM, 1, type, rank, TAG, mpi->comm, request)
                                           : MPI_Irecv(MPI_BOTTOM, 1, type, rank, TAG, mpi->comm, request));
    return status == DESCEND_OK ? descend_mpi_result(mpi, MPI_Type_free(&type)) : status;
}

/* Sends or receives what the ranks in [first, first + count) have, from number `offset` of their shards on. */
static descend_status post_shards(descend_mpi *mpi, int first, int count, uint64_t offset, int rank, bool sends,
                                  int *requests)
{
    const struct places all = {0, mpi->start[mpi->tensors]};
    struct message message;
    descend_mpi_message_begin(&message, mpi, OUTS);
    for (int of = first; of < first + count; of++) {
        const struct places part = descend_mpi_part(mpi, of, &all, offset, PART);
        descend_mpi_message_add(&message, &part);
    }
    return post(mpi, &message, rank, sends, requests);
}

/* Sends come before receives, as round.c says. */
static descend_status gather_directly(descend_mpi *mpi, uint64_t offset)
{
    descend_status status = DESCEND_OK;
    int requests = 0;
    for (int i = 1; i < mpi->ranks && status == DESCEND_OK; i++)
        status = post_shards(mpi, mpi->rank, 1, offset, (mpi->rank + i) % mpi->ranks, true, &requests);
    for (int i = 1; i < mpi->ranks && status == DESCEND_OK; i++) {
        const int from = (mpi->rank + mpi->ranks - i) % mpi->ranks;
        status = post_shards(mpi, from, 1, offset, from, false, &requests);
    }
    return status == DESCEND_OK ? descend_mpi_wait(mpi, mpi->rounds[0].request, requests) : status;
}

/* Recursive doubling: two ranks exchange their shards, then two pairs, then two fours … The number of ranks is a power
 * of two. */
static descend_status gather_by_doubling(descend_mpi *mpi, uint64_t offset)
{
    descend_status status = DESCEND_OK;
    for (int have = 1; have < mpi->ranks && status == DESCEND_OK; have *= 2) {
        const int partner = mpi->rank ^ have;
        int requests = 0;
        status = post_shards(mpi, mpi->rank & ~(have - 1), have, offset, partner, true, &requests);
        if (status == DESCEND_OK)
            status = post_shards(mpi, partner & ~(have - 1), have, offset, partner, false, &requests);
        if (status == DESCEND_OK)
            status = descend_mpi_wait(mpi, mpi->rounds[0].request, requests);
    }
    return status;
}

descend_status descend_mpi_gather(descend_mpi *mpi)
{
    const bool direct = mpi->ranks <= DIRECT_RANKS || (mpi->ranks & (mpi->ranks - 1)) != 0;
    uint64_t longest = 0;
    descend_status status = DESCEND_OK;
    if (mpi->options.shared_params)
        return descend_mpi_memory_sync(mpi, mpi->options.shared_params);
    for (int rank = 0; rank < mpi->ranks; rank++) {
        const struct places shard = descend_mpi_shard(mpi, rank);
        longest = shard.end - shard.begin > longest ? shard.end - shard.begin : longest;
    }
    for (uint64_t offset = 0; offset < longest && status == DESCEND_OK; offset += PART)
        status = direct ? gather_directly(mpi, offset) : gather_by_doubling(mpi, offset);
    return status;
}
