/* SPDX-License-Identifier: MIT */
#include "plan.h"

enum { GRID = 4096 };

/* Elements of a bucket, where the caller gives no number. 2^18 of each shard: few enough that what has been received is
 * still in a cache when it is added up; with many ranks fewer, 2^26 of all shards together. */
static const uint64_t SHARD_BUCKET = UINT64_C(1) << 18, MOST_BUCKET = UINT64_C(1) << 26;

/* The tensor with an element of this place; the number of tensors where there is none. Tensors without elements are not
 * found. */
static size_t tensor_at(const descend_mpi *mpi, uint64_t place)
{
    size_t low = 0, high = mpi->tensors; /* start[low] <= place < start[high] */
    if (place >= mpi->start[high])
        return high;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (mpi->start[middle] <= place)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The place nearest to `place` at which a tensor may be cut. */
static uint64_t cut_near(const descend_mpi *mpi, uint64_t place, bool whole_tensors)
{
    const size_t tensor = tensor_at(mpi, place);
    if (tensor == mpi->tensors)
        return place;
    const uint64_t n = mpi->tensor[tensor].n, in_tensor = place - mpi->start[tensor];
    const uint64_t length = whole_tensors ? n : descend_segment_length(n);
    const uint64_t before = in_tensor / length * length, after = n - before < length ? n : before + length;
    return mpi->start[tensor] + (in_tensor - before <= after - in_tensor ? before : after);
}

void descend_mpi_plan(descend_mpi *mpi, bool whole_tensors)
{
    mpi->start[0] = 0;
    for (size_t t = 0; t < mpi->tensors; t++)
        mpi->start[t + 1] = mpi->start[t] + mpi->tensor[t].n;
    const uint64_t all = mpi->start[mpi->tensors], ranks = (uint64_t)mpi->ranks;
    for (uint64_t rank = 0; rank <= ranks; rank++)
        mpi->cut[rank] = cut_near(mpi, all / ranks * rank + all % ranks * rank / ranks, whole_tensors);
}

/* The run from a place on; false where the range ends before it. */
static bool run_from(const descend_mpi *mpi, const struct places *range, uint64_t place, struct run *run)
{
    const size_t tensor = tensor_at(mpi, place);
    if (place >= range->end || tensor == mpi->tensors)
        return false;
    const uint64_t start = mpi->start[tensor], end = start + mpi->tensor[tensor].n;
    *run =
        (struct run){tensor, (size_t)(place - start), (size_t)((end < range->end ? end : range->end) - start), place};
    return true;
}

bool descend_mpi_run_first(const descend_mpi *mpi, const struct places *range, struct run *run)
{
    return run_from(mpi, range, range->begin, run);
}

bool descend_mpi_run_next(const descend_mpi *mpi, const struct places *range, struct run *run)
{
    return run_from(mpi, range, run->place + (run->end - run->begin), run);
}

struct places descend_mpi_shard(const descend_mpi *mpi, int rank)
{
    return (struct places){mpi->cut[rank], mpi->cut[rank + 1]};
}

uint64_t descend_mpi_round_length(const descend_mpi *mpi)
{
    const uint64_t of_all = SHARD_BUCKET * (uint64_t)mpi->ranks, usual = of_all < MOST_BUCKET ? of_all : MOST_BUCKET;
    const uint64_t bucket = mpi->options.bucket > 0 ? mpi->options.bucket : usual;
    const uint64_t most = UINT64_C(1) << 28, share = bucket / (uint64_t)mpi->ranks / GRID * GRID;
    uint64_t longest = 0;
    for (int rank = 0; rank < mpi->ranks; rank++)
        longest = mpi->cut[rank + 1] - mpi->cut[rank] > longest ? mpi->cut[rank + 1] - mpi->cut[rank] : longest;
    longest = (longest / GRID + 1) * GRID;
    const uint64_t round = share > GRID ? share : GRID, half = most / (uint64_t)mpi->ranks / GRID * GRID;
    const uint64_t least = round < longest ? round : longest;
    return least < half || half == 0 ? least : half;
}

struct places descend_mpi_part(const descend_mpi *mpi, int rank, const struct places *range, uint64_t offset,
                               uint64_t count)
{
    const uint64_t cut = mpi->cut[rank], next = mpi->cut[rank + 1];
    struct places part = {range->begin > cut ? range->begin : cut, range->end < next ? range->end : next};
    if (part.begin >= part.end || part.end - part.begin <= offset)
        return (struct places){0, 0};
    part.begin += offset;
    if (part.end - part.begin > count)
        part.end = part.begin + count;
    return part;
}

struct places descend_mpi_piece_of(const descend_mpi *mpi, size_t tensor)
{
    const struct places all = {mpi->start[tensor], mpi->start[tensor + 1]};
    return descend_mpi_part(mpi, mpi->rank, &all, 0, UINT64_MAX);
}

float *descend_mpi_sum_of(const descend_mpi *mpi, size_t tensor)
{
    const struct places piece = descend_mpi_piece_of(mpi, tensor);
    return piece.begin < piece.end ? mpi->sum + (piece.begin - mpi->cut[mpi->rank]) : mpi->sum;
}

size_t descend_mpi_pieces(const descend_mpi *mpi, descend_mpi_piece *pieces, size_t room)
{
    size_t count = 0;
    for (int rank = 0; mpi && rank < mpi->ranks; rank++) {
        const struct places shard = descend_mpi_shard(mpi, rank);
        struct run run;
        for (bool more = descend_mpi_run_first(mpi, &shard, &run); more;
             more = descend_mpi_run_next(mpi, &shard, &run), count++)
            if (count < room && pieces)
                pieces[count] = (descend_mpi_piece){run.tensor, run.begin, run.end, rank};
    }
    return count;
}
