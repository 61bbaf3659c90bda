/* SPDX-License-Identifier: MIT */
/* Who has which elements, and MPI's description of them, against plain models: many random sizes and numbers of ranks,
 * and tensors of more than 2^31 elements, for which there need not be memory. */
#include "mpi/plan.h"

#include <string.h>

#include "data.h"
#include "mpi/type.h"
#include "world.h"

enum { TENSORS = 12, RANKS = 40, PIECES = TENSORS + RANKS, BLOCKS = 1000 };

static struct whole tensor[TENSORS];
static uint64_t start[TENSORS + 1], cut[RANKS + 1];
static int length[BLOCKS];
static MPI_Aint at[BLOCKS];
static uint64_t random_state = 1;

static uint64_t below(uint64_t limit)
{
    return random_bits(&random_state) % limit;
}

/* Sizes of all magnitudes, some of them 0, some multiples of powers of two. */
static uint64_t random_size(void)
{
    const uint64_t size = random_bits(&random_state) >> (30 + below(34));
    return below(5) == 0 ? 0 : below(3) == 0 ? size / 4096 * 4096 : size;
}

static descend_mpi random_plan(bool whole_tensors)
{
    descend_mpi mpi = {.tensor = tensor, .start = start, .cut = cut, .length = length, .at = at};
    mpi.tensors = below(TENSORS + 1);
    mpi.ranks = 1 + (int)below(RANKS);
    mpi.rank = (int)below((uint64_t)mpi.ranks);
    mpi.options.bucket = below(2) ? 0 : (size_t)random_size();
    for (size_t t = 0; t < mpi.tensors; t++)
        tensor[t] = (struct whole){.n = (size_t)random_size()};
    descend_mpi_plan(&mpi, whole_tensors);
    return mpi;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* The place nearest to another one at which a tensor may be cut: tried one by one around it. */
static uint64_t nearest_cut(const descend_mpi *mpi, uint64_t place, bool whole_tensors)
{
    uint64_t best = start[mpi->tensors];
    for (size_t t = 0; t < mpi->tensors; t++) {
        const uint64_t n = tensor[t].n, segment = whole_tensors ? n : descend_segment_length(n);
        const uint64_t in_tensor = place > start[t] ? (place < start[t + 1] ? place - start[t] : n) : 0;
        for (uint64_t i = 0; i < 2 && n > 0; i++) {
            const uint64_t multiple = (in_tensor / segment + i) * segment;
            const uint64_t candidate = start[t] + (multiple < n ? multiple : n);
            best = distance(candidate, place) < distance(best, place) ? candidate : best;
        }
    }
    return best;
}

static void check_cuts(const descend_mpi *mpi, bool whole_tensors)
{
    uint64_t all = 0, segment = 0;
    const uint64_t ranks = (uint64_t)mpi->ranks;
    for (size_t t = 0; t < mpi->tensors; t++) {
        const uint64_t of_tensor = whole_tensors ? tensor[t].n : descend_segment_length(tensor[t].n);
        EXPECT(start[t] == all, "tensor %zu starts at %llu", t, (unsigned long long)start[t]);
        all += tensor[t].n;
        segment = of_tensor > segment ? of_tensor : segment;
    }
    EXPECT(start[mpi->tensors] == all && cut[0] == 0 && cut[ranks] == all, "the ends");
    for (uint64_t rank = 0; rank < ranks; rank++) {
        const uint64_t ideal = all * rank / ranks;
        EXPECT(cut[rank] <= cut[rank + 1], "shard %d", (int)rank);
        EXPECT(cut[rank + 1] - cut[rank] <= all / ranks + segment + 1, "shard %d is too large", (int)rank);
        EXPECT(distance(cut[rank], ideal) == distance(nearest_cut(mpi, ideal, whole_tensors), ideal), "cut %d",
               (int)rank);
    }
}

/* The pieces are all elements, once, in order. */
static void check_pieces(const descend_mpi *mpi)
{
    descend_mpi_piece pieces[PIECES + 1];
    memset(pieces, 0xff, sizeof pieces);
    const size_t count = descend_mpi_pieces(mpi, NULL, PIECES), room = count > 0 ? count - 1 : 0;
    EXPECT(count <= mpi->tensors + (size_t)mpi->ranks, "%zu pieces", count);
    EXPECT(descend_mpi_pieces(mpi, pieces, room) == count && pieces[room].tensor == SIZE_MAX, "beyond the room");
    EXPECT(descend_mpi_pieces(mpi, pieces, PIECES) == count, "another number");
    uint64_t place = 0;
    for (size_t i = 0; i < count; i++) {
        const descend_mpi_piece *piece = &pieces[i];
        EXPECT(piece->begin < piece->end && piece->end <= tensor[piece->tensor].n, "piece %zu", i);
        EXPECT(start[piece->tensor] + piece->begin == place, "piece %zu", i);
        place = start[piece->tensor] + piece->end;
        EXPECT(start[piece->tensor] + piece->begin >= cut[piece->rank] && place <= cut[piece->rank + 1], "its rank");
    }
    EXPECT(place == start[mpi->tensors], "the pieces end at %llu", (unsigned long long)place);
    for (size_t t = 0; t < mpi->tensors; t++) {
        const struct places mine = descend_mpi_piece_of(mpi, t);
        bool found = mine.begin == mine.end;
        for (size_t i = 0; i < count && !found; i++)
            found = pieces[i].rank == mpi->rank && pieces[i].tensor == t && start[t] + pieces[i].begin == mine.begin &&
                    start[t] + pieces[i].end == mine.end;
        EXPECT(found, "the piece of tensor %zu", t);
    }
}

static struct places random_range(const descend_mpi *mpi)
{
    const uint64_t all = start[mpi->tensors], begin = below(all + 1);
    return (struct places){begin, begin + below(all - begin + 1)};
}

/* The parts of a range that ranks have are all of it, in order, in steps of `count` elements. */
static void check_parts(const descend_mpi *mpi)
{
    const struct places range = random_range(mpi);
    const uint64_t count = 1 + start[mpi->tensors] / (1 + below(50));
    uint64_t place = range.begin;
    for (int rank = 0; rank < mpi->ranks; rank++) {
        const struct places shard = descend_mpi_shard(mpi, rank);
        struct places part = descend_mpi_part(mpi, rank, &range, 0, count);
        for (uint64_t offset = count; part.begin < part.end; offset += count) {
            const bool ends = part.end == shard.end || part.end == range.end;
            EXPECT(part.begin == place && part.begin >= shard.begin && part.end <= shard.end, "a part of rank %d",
                   rank);
            EXPECT(part.end - part.begin == count || (part.end - part.begin < count && ends), "its length");
            place = part.end;
            part = descend_mpi_part(mpi, rank, &range, offset, count);
        }
    }
    EXPECT(place == range.end, "the parts end at %llu", (unsigned long long)place);
}

static void check_runs(const descend_mpi *mpi)
{
    const struct places range = random_range(mpi);
    uint64_t place = range.begin;
    struct run run;
    for (bool more = descend_mpi_run_first(mpi, &range, &run); more; more = descend_mpi_run_next(mpi, &range, &run)) {
        EXPECT(run.begin < run.end && run.end <= tensor[run.tensor].n, "a run of tensor %zu", run.tensor);
        EXPECT(run.place == place && start[run.tensor] + run.begin == place, "it begins elsewhere");
        place += run.end - run.begin;
    }
    EXPECT(place == range.end, "the runs end at %llu", (unsigned long long)place);
}

static void check_round(const descend_mpi *mpi)
{
    const uint64_t round = descend_mpi_round_length(mpi), ranks = (uint64_t)mpi->ranks;
    uint64_t longest = 0;
    for (uint64_t rank = 0; rank < ranks; rank++)
        longest = cut[rank + 1] - cut[rank] > longest ? cut[rank + 1] - cut[rank] : longest;
    EXPECT(round > 0 && round % 4096 == 0, "a round of %llu", (unsigned long long)round);
    EXPECT(round * ranks * sizeof(float) <= INT32_MAX, "too large for an int");
    EXPECT(round < longest + 2 * 4096, "larger than a shard");
    const uint64_t bucket = mpi->options.bucket > 0 ? mpi->options.bucket : UINT64_C(1) << 26;
    EXPECT(round == 4096 || round * ranks <= bucket, "larger than a bucket");
}

/* The blocks of a message, of addresses where nothing is, are a range's elements: each as long as MPI can count. */
static void check_message(const descend_mpi *mpi, const struct places *range, size_t element)
{
    struct message message;
    MPI_Datatype type;
    MPI_Count size = 0;
    uint64_t bytes = 0;
    descend_mpi_message_begin(&message, mpi, GRADS);
    descend_mpi_message_add(&message, range);
    EXPECT(message.blocks <= descend_mpi_blocks_max(mpi), "%d blocks", message.blocks);
    struct run run;
    int block = 0;
    for (bool more = descend_mpi_run_first(mpi, range, &run); more; more = descend_mpi_run_next(mpi, range, &run)) {
        const uintptr_t data = (uintptr_t)tensor[run.tensor].grad.data;
        for (uint64_t done = run.begin * element; done < run.end * element; block++) {
            EXPECT(block < message.blocks && length[block] > 0 && length[block] <= 1 << 30, "block %d", block);
            EXPECT((uintptr_t)at[block] == data + done, "block %d is elsewhere", block);
            done += (uint64_t)length[block];
            bytes += (uint64_t)length[block];
            EXPECT(done <= run.end * element, "block %d is too long", block);
        }
    }
    EXPECT(block == message.blocks && bytes == (range->end - range->begin) * element, "%d blocks", block);
    EXPECT(descend_mpi_message_end(&message, &type) == MPI_SUCCESS, "no type");
    MPI_Type_size_x(type, &size);
    EXPECT((uint64_t)size == bytes, "%lld bytes", (long long)size);
    MPI_Type_free(&type);
}

static void place_tensors(const descend_mpi *mpi, descend_dtype dtype)
{
    uintptr_t address = UINT64_C(1) << 32;
    for (size_t t = 0; t < mpi->tensors; t++) {
        tensor[t].grad = (descend_array){.data = (void *)address, .dtype = dtype};
        address += tensor[t].n * sizeof(float) + 64 * below(100);
    }
}

static void check_messages(const descend_mpi *mpi)
{
    const struct places all = {0, start[mpi->tensors]}, range = random_range(mpi);
    place_tensors(mpi, DESCEND_F32);
    check_message(mpi, &all, sizeof(float));
    check_message(mpi, &range, sizeof(float));
    place_tensors(mpi, DESCEND_BF16);
    check_message(mpi, &all, sizeof(uint16_t));
}

static void check_large(void)
{
    descend_mpi mpi = {.tensor = tensor, .start = start, .cut = cut, .length = length, .at = at, .ranks = 5};
    mpi.tensors = 2;
    tensor[0] = (struct whole){.n = 7};
    tensor[1] = (struct whole){.n = (size_t)3 << 31};
    descend_mpi_plan(&mpi, false);
    check_cuts(&mpi, false);
    check_pieces(&mpi);
    check_round(&mpi);
    check_messages(&mpi);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    for (int i = 0; i < 20000; i++) {
        const bool whole_tensors = i % 4 == 0;
        const descend_mpi mpi = random_plan(whole_tensors);
        check_cuts(&mpi, whole_tensors);
        check_pieces(&mpi);
        check_parts(&mpi);
        check_runs(&mpi);
        check_round(&mpi);
        check_messages(&mpi);
    }
    check_large();
    return world_end();
}
