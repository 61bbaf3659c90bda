/* SPDX-License-Identifier: MIT */
#include "update.h"

#include <stdio.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "gbench.h"
#include "implementation.h"
#include "limit.h"
#include "machine.h"
#include "memory.h"
#include "pair.h"

enum {
    N_MIN_LOG2 = 10,
    N_MAX_LOG2 = 26,
    BATCH_ELEMENTS = 1 << 16, /* at least so many are updated between two readings of the clock */
    COLD_ITERATIONS = 30
};

/* What a row of the report is about. */
struct row {
    const struct implementation *implementation;
    const struct configuration *configuration;
    size_t n;
    unsigned threads;
    enum placement placement;
    bool cold;
};

/* What the row works on while it is measured. */
struct run {
    const struct row *row;
    const struct limit_kernels *limit;
    struct memory memory;
    descend_status status;
};

/* Elements read and written for each parameter. One pass reads all arrays, and writes all but the gradient. Of two, the
 * first reads all arrays and writes the states, the second reads all but the gradient and writes the parameter. */
static size_t traffic(const struct configuration *configuration)
{
    const size_t states = configuration->array_count;
    return configuration->one_pass ? 3 + 2 * states : 4 + 3 * states;
}

static void run_update(void *context)
{
    struct run *run = context;
    const struct row *row = run->row;
    const descend_status status =
        row->implementation->update(row->implementation, row->configuration, &run->memory, row->threads);
    if (status != DESCEND_OK)
        run->status = status;
}

/* In place of two passes of a rule with two states: one with them, and one that moves as much as the rest. */
static void run_limit(void *context)
{
    const struct run *run = context;
    const struct row *row = run->row;
    const struct descend_streams streams = memory_streams(&run->memory);
    descend_stream_kernel *kernel = run->limit->kernel[row->configuration->array_count];
#ifdef _OPENMP
    if (row->threads > 1) {
#pragma omp parallel num_threads((int)row->threads)
        {
            size_t begin, end;
            descend_slice(row->n, (unsigned)omp_get_thread_num(), (unsigned)omp_get_num_threads(), &begin, &end);
            kernel(NULL, &streams, begin, end);
            if (!row->configuration->one_pass)
                run->limit->kernel[0](NULL, &streams, begin, end);
        }
        return;
    }
#endif
    kernel(NULL, &streams, 0, row->n);
    if (!row->configuration->one_pass)
        run->limit->kernel[0](NULL, &streams, 0, row->n);
}

static void evict(void *context)
{
    (void)context;
    memory_evict();
}

static void report(struct gbench_state *state, const struct row *row, const struct pair *pair)
{
    const size_t bytes = sizeof(float) * traffic(row->configuration) * row->n;
    const double elements = (double)row->n;
    gbench_set_items(state, gbench_iterations(state) * (int64_t)row->n);
    gbench_set_bytes(state, gbench_iterations(state) * (int64_t)bytes);
    gbench_counter(state, "ns/element", 1e9 * pair->seconds / elements);
    gbench_counter(state, "cycles/element", pair->cycles / elements);
    gbench_counter(state, "GB/s", 1e-9 * (double)bytes / pair->seconds);
    gbench_counter(state, "of_limit", pair->seconds / pair->reference_seconds);
}

static void update(struct gbench_state *state, const void *context)
{
    const struct row *row = context;
    const bool small = row->n < BATCH_ELEMENTS && !row->cold;
    struct run run = {.row = row,
                      .limit = limit_find(row->implementation->isa),
                      .status = implementation_select(row->implementation)};
    struct pair pair = {0};
    if (!memory_new(&run.memory, row->n)) {
        gbench_skip(state, "out of memory");
        return;
    }
    memory_place(&run.memory, row->placement);
    pair_function *prepare = row->cold ? evict : NULL;
    const bool measured =
        pair_measure(state, small ? BATCH_ELEMENTS / (int64_t)row->n : 1, (struct pair_work){run_update, prepare},
                     (struct pair_work){run_limit, prepare}, &run, &pair);
    memory_free(&run.memory);
    if (pair_good(state, measured, run.status))
        report(state, row, &pair);
}

static void add(const struct row *row)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s/%zu/%u%s%s", row->configuration->label, row->implementation->name, row->n,
             row->threads, placement_names[row->placement], row->cold ? "/cold" : "");
    /* Evicting the caches takes longer than all but the largest updates, so cold rows have few iterations. */
    gbench_register(&(struct gbench_benchmark){.name = name,
                                               .function = update,
                                               .context = row,
                                               .context_size = sizeof *row,
                                               .iterations = row->cold ? COLD_ITERATIONS : 0});
}

/* A row for every power of two. Variants have them on one thread and on all, with every placement, cached and cold;
 * others on one thread, aligned and cached. */
static void add_sizes(const struct implementation *implementation, const struct configuration *configuration)
{
    const unsigned counts[] = {1, machine_threads()};
    const bool all = implementation->variant;
    struct row row = {.implementation = implementation, .configuration = configuration};
    for (int log2 = N_MIN_LOG2; log2 <= N_MAX_LOG2; log2++)
        for (size_t i = 0; i < (all && counts[1] > 1 ? 2 : 1); i++)
            for (int cold = 0; cold <= all; cold++)
                for (row.placement = ALIGNED; row.placement < (all ? PLACEMENTS : 1); row.placement++) {
                    row.n = (size_t)1 << log2;
                    row.threads = counts[i];
                    row.cold = cold;
                    add(&row);
                }
}

void update_register(const struct configuration *configuration)
{
    size_t count;
    const struct implementation *all = implementations(&count);
    for (size_t i = 0; i < count; i++)
        if (implementation_can(&all[i], configuration))
            add_sizes(&all[i], configuration);
}
