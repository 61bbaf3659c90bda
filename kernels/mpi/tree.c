/* SPDX-License-Identifier: MIT */
#include "tree.h"

size_t descend_mpi_chunk(const descend_mpi *mpi)
{
    return mpi->options.threads == 1 ? 1 << 14 : 1 << 18;
}

size_t descend_mpi_scratch(const descend_mpi *mpi)
{
    size_t levels = 1;
    for (int ranks = mpi->ranks; ranks > 1; ranks -= ranks / 2)
        levels++;
    return levels * descend_mpi_chunk(mpi);
}

descend_status descend_mpi_add(const descend_mpi *mpi, descend_dtype dtype, const void *from, size_t n, float *to)
{
    const descend_exec exec = {.threads = mpi->options.threads};
    const descend_array array = {.data = (void *)(uintptr_t)from, .dtype = dtype};
    return descend_array_accumulate(&array, 1, n, to, &exec);
}

/* A chunk of a run, whose gradients are to be added up. */
struct adding {
    const descend_mpi *mpi;
    descend_mpi_find *find;
    const void *context;
    const struct run *run;
    descend_dtype dtype;
    size_t offset, n; /* in the run */
};

static const void *gradients_of(const struct adding *adding, int rank)
{
    size_t bytes, second;
    descend_array_size(adding->dtype, adding->offset, &bytes, &second);
    return (const char *)adding->find(adding->mpi, adding->context, rank, adding->run) + bytes;
}

/* Sets `to` to the sum of `count` ranks from the rank `first` on. */
static descend_status add_ranks(const struct adding *adding, int first, int count, float *to, float *scratch)
{
    int half = 1;
    if (count == 1) {
        const descend_array leaf = {.data = (void *)(uintptr_t)gradients_of(adding, first), .dtype = adding->dtype};
        return descend_array_load(&leaf, adding->n, to);
    }
    while (2 * half < count)
        half *= 2;
    descend_status status = add_ranks(adding, first, half, to, scratch);
    if (status != DESCEND_OK)
        return status;
    if (count - half == 1)
        return descend_mpi_add(adding->mpi, adding->dtype, gradients_of(adding, first + half), adding->n, to);
    status = add_ranks(adding, first + half, count - half, scratch, scratch + descend_mpi_chunk(adding->mpi));
    return status == DESCEND_OK ? descend_mpi_add(adding->mpi, DESCEND_F32, scratch, adding->n, to) : status;
}

descend_status descend_mpi_add_ranks(descend_mpi *mpi, const struct places *range, descend_mpi_find *find,
                                     const void *context)
{
    const size_t chunk = descend_mpi_chunk(mpi);
    descend_status status = DESCEND_OK;
    struct run run;
    for (bool more = descend_mpi_run_first(mpi, range, &run); more && status == DESCEND_OK;
         more = descend_mpi_run_next(mpi, range, &run)) {
        const size_t n = run.end - run.begin;
        float *to = mpi->sum + (run.place - mpi->cut[mpi->rank]);
        for (size_t i = 0; i < n && status == DESCEND_OK; i += chunk) {
            const struct adding adding = {
                .mpi = mpi,
                .find = find,
                .context = context,
                .run = &run,
                .dtype = mpi->tensor[run.tensor].grad.dtype,
                .offset = i,
                .n = n - i < chunk ? n - i : chunk,
            };
            status = add_ranks(&adding, 0, mpi->ranks, to + i, mpi->scratch);
        }
    }
    return status;
}
