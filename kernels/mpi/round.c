/* SPDX-License-Identifier: MIT */
#include "round.h"

#include <string.h>

#include "hash.h"
#include "post.h"
#include "tree.h"
#include "wait.h"

enum {
    FIRST_TAG = 16,
    HASHES = 4096 /* MPI has at least 32767 tags */
};

static descend_dtype dtype_of(const descend_mpi *mpi)
{
    return mpi->tensors > 0 ? mpi->tensor[0].grad.dtype : DESCEND_F32;
}

static size_t bytes_of(const descend_mpi *mpi, uint64_t elements)
{
    size_t data, second;
    descend_array_size(dtype_of(mpi), (size_t)elements, &data, &second);
    return data;
}

size_t descend_mpi_round_bytes(const descend_mpi *mpi)
{
    return bytes_of(mpi, mpi->round) * (size_t)mpi->ranks;
}

static struct places part_of(const descend_mpi *mpi, const struct round *round, int rank)
{
    return descend_mpi_part(mpi, rank, &round->all, round->offset, mpi->round);
}

static descend_status receive(descend_mpi *mpi, struct round *round, void *to, uint64_t elements, int rank)
{
    if (elements == 0)
        return DESCEND_OK;
    return descend_mpi_result(mpi, MPI_Irecv(to, (int)bytes_of(mpi, elements), MPI_BYTE, rank, round->tag, mpi->comm,
                                             &round->posted.request[round->posted.count++]));
}

/* Where a direct exchange receives what a rank sends. */
static unsigned char *received_from(const descend_mpi *mpi, const struct round *round, int rank)
{
    return round->received + bytes_of(mpi, mpi->round) * (size_t)(rank < mpi->rank ? rank : rank - 1);
}

/* Sends come before receives, here and wherever ranks exchange: in shared memory, MPI_Irecv may copy a whole message
 * that is there already, and the other rank could only then begin to copy this rank's. */
static descend_status begin_direct(descend_mpi *mpi, struct round *round)
{
    descend_status status = DESCEND_OK;
    for (int i = 1; i < mpi->ranks && status == DESCEND_OK; i++) { /* each begins with another one */
        const int to = (mpi->rank + i) % mpi->ranks;
        const struct places theirs = part_of(mpi, round, to);
        struct message message;
        descend_mpi_message_begin(&message, mpi, GRADS);
        descend_mpi_message_add(&message, &theirs);
        status = descend_mpi_post(mpi, &message, true, to, round->tag, &round->posted);
    }
    for (int i = 1; i < mpi->ranks && status == DESCEND_OK; i++) {
        const int from = (mpi->rank + mpi->ranks - i) % mpi->ranks;
        status = receive(mpi, round, received_from(mpi, round, from), descend_mpi_length(&round->mine), from);
    }
    return status;
}

static const void *find_direct(const descend_mpi *mpi, const void *context, int rank, const struct run *run)
{
    const struct round *round = context;
    if (rank == mpi->rank)
        return (const char *)mpi->tensor[run->tensor].grad.data + bytes_of(mpi, run->begin);
    return received_from(mpi, round, rank) + bytes_of(mpi, run->place - round->mine.begin);
}

/*
 * Recursive halving. Before phase k a rank has the sums of 2^k ranks for the shards whose numbers have the rank's
 * lowest k bits. In the phase it sends half of them to the rank whose number differs in bit k, and adds what it gets to
 * the other half. The shards are in such an order that both halves are contiguous: by bit k, then by bit k + 1 …
 */

/* Shard number `index` of those that a rank has before a phase. */
static int shard_at(const descend_mpi *mpi, unsigned phase, int index)
{
    const int count = mpi->ranks >> phase;
    int shard = mpi->rank & ((1 << phase) - 1);
    for (int bit = 1; bit < count; bit *= 2)
        shard |= index & (count / 2 / bit) ? bit << phase : 0;
    return shard;
}

/* What a rank has of a round, in one half of the shards before a phase. */
static uint64_t half_length(const descend_mpi *mpi, const struct round *round, unsigned phase, bool upper)
{
    const int half = mpi->ranks >> phase >> 1;
    uint64_t length = 0;
    for (int i = upper ? half : 0; i < (upper ? 2 * half : half); i++) {
        const struct places part = part_of(mpi, round, shard_at(mpi, phase, i));
        length += descend_mpi_length(&part);
    }
    return length;
}

static bool keeps_upper(const descend_mpi *mpi, unsigned phase)
{
    return mpi->rank >> phase & 1;
}

/* The sums in the round's memory, and behind them what is received. */
static float *sums_of(const struct round *round)
{
    return (float *)(void *)round->received;
}

static float *incoming_of(const descend_mpi *mpi, const struct round *round)
{
    return sums_of(round) + mpi->round * (uint64_t)(mpi->ranks / 2);
}

/* Sends the half of the shards that a rank does not keep, with `sent` elements. In memory it is before or behind the
 * `kept` ones. */
static descend_status send_half(descend_mpi *mpi, struct round *round, uint64_t sent, uint64_t kept)
{
    const unsigned phase = round->phase;
    const bool upper = keeps_upper(mpi, phase);
    const int partner = mpi->rank ^ 1 << phase, half = mpi->ranks >> phase >> 1;
    if (sent == 0)
        return DESCEND_OK;
    if (phase > 0) {
        const float *from = sums_of(round) + (upper ? 0 : kept);
        return descend_mpi_result(mpi, MPI_Isend(from, (int)bytes_of(mpi, sent), MPI_BYTE, partner, round->tag,
                                                 mpi->comm, &round->posted.request[round->posted.count++]));
    }
    struct message message;
    descend_mpi_message_begin(&message, mpi, GRADS);
    for (int i = 0; i < half; i++) {
        const struct places part = part_of(mpi, round, shard_at(mpi, phase, upper ? i : half + i));
        descend_mpi_message_add(&message, &part);
    }
    return descend_mpi_post(mpi, &message, true, partner, round->tag, &round->posted);
}

static descend_status begin_phase(descend_mpi *mpi, struct round *round)
{
    const bool upper = keeps_upper(mpi, round->phase);
    const uint64_t kept = half_length(mpi, round, round->phase, upper);
    const descend_status status = send_half(mpi, round, half_length(mpi, round, round->phase, !upper), kept);
    if (status != DESCEND_OK)
        return status;
    return receive(mpi, round, incoming_of(mpi, round), kept, mpi->rank ^ 1 << round->phase);
}

/* Copies the rank's own gradients of the half that it keeps of phase 0. */
static void copy_own(const descend_mpi *mpi, const struct round *round)
{
    const int half = mpi->ranks / 2;
    float *to = sums_of(round);
    for (int i = 0; i < half; i++) {
        const struct places part = part_of(mpi, round, shard_at(mpi, 0, keeps_upper(mpi, 0) ? half + i : i));
        struct run run;
        for (bool more = descend_mpi_run_first(mpi, &part, &run); more; more = descend_mpi_run_next(mpi, &part, &run)) {
            const size_t n = run.end - run.begin;
            memcpy(to, (const float *)mpi->tensor[run.tensor].grad.data + run.begin, n * sizeof *to);
            to += n;
        }
    }
}

static descend_status end_phase(descend_mpi *mpi, struct round *round)
{
    const bool upper = keeps_upper(mpi, round->phase);
    const uint64_t kept = half_length(mpi, round, round->phase, upper);
    if (round->phase == 0)
        copy_own(mpi, round);
    else if (upper)
        memmove(sums_of(round), sums_of(round) + half_length(mpi, round, round->phase, false), kept * sizeof(float));
    return descend_mpi_add(mpi, DESCEND_F32, incoming_of(mpi, round), (size_t)kept, sums_of(round));
}

/* All ranks decide alike: by the greatest part of a shard. Halving rounds what it sends, so only to float32. */
static bool goes_directly(const descend_mpi *mpi, const struct round *round)
{
    uint64_t longest = 0;
    for (int rank = 0; rank < mpi->ranks; rank++) {
        const struct places part = part_of(mpi, round, rank);
        longest = descend_mpi_length(&part) > longest ? descend_mpi_length(&part) : longest;
    }
    return dtype_of(mpi) != DESCEND_F32 || descend_mpi_goes_directly(mpi, bytes_of(mpi, longest));
}

/* Rounds that are under way at once have different tags, for their messages may come in any order: two on a rank, and
 * one before or after them on another. The tag also depends on the elements that a round is about, so that a rank which
 * has begun other ones does not take these messages for those that it waits for. */
static int next_tag(descend_mpi *mpi, const struct round *round)
{
    const uint64_t part[] = {round->all.begin, round->all.end, round->offset};
    const uint64_t hash = descend_mpi_hash(descend_mpi_hash_begin, part, sizeof part) % HASHES;
    return FIRST_TAG + (int)(hash * 4 + mpi->begun++ % 4);
}

descend_status descend_mpi_round_begin(descend_mpi *mpi, struct round *round, const struct places *all, uint64_t offset)
{
    round->all = *all;
    round->offset = offset;
    round->mine = part_of(mpi, round, mpi->rank);
    round->direct = goes_directly(mpi, round);
    round->phase = 0;
    round->tag = next_tag(mpi, round);
    round->posted.count = 0;
    round->active = true;
    return round->direct ? begin_direct(mpi, round) : begin_phase(mpi, round);
}

descend_status descend_mpi_round_continue(descend_mpi *mpi, struct round *round)
{
    round->posted.count = 0;
    if (round->direct) {
        round->active = false;
        return descend_mpi_add_ranks(mpi, &round->mine, find_direct, round);
    }
    descend_status status = end_phase(mpi, round);
    if (status != DESCEND_OK)
        return status;
    if (mpi->ranks >> ++round->phase > 1)
        return begin_phase(mpi, round);
    round->active = false;
    if (round->mine.begin < round->mine.end)
        memcpy(mpi->sum + (round->mine.begin - mpi->cut[mpi->rank]), sums_of(round),
               descend_mpi_length(&round->mine) * sizeof *mpi->sum);
    return DESCEND_OK;
}
