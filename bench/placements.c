/* SPDX-License-Identifier: MIT */
#include "placements.h"

#include <stdio.h>

#include "gbench.h"
#include "implementation.h"
#include "median.h"
#include "memory.h"
#include "pair.h"

enum { N = 1 << 14, TRIALS = 200, SWEEPS = 50, BATCH = 4, PAGE = 4096 };

struct row {
    const struct implementation *implementation;
    const struct configuration *configuration;
};

struct run {
    const struct row *row;
    struct memory memory;
    double *seconds; /* of each trial, the fastest batch so far */
    int64_t trials;
    descend_status status;
};

static void run_update(void *context)
{
    struct run *run = context;
    const struct row *row = run->row;
    const descend_status status = row->implementation->update(row->implementation, row->configuration, &run->memory, 1);
    if (status != DESCEND_OK)
        run->status = status;
}

/* Times every placement once; each sweep has the same ones. Noise only adds time, and a sweep is short beside changes
 * of the clock rate, so the least time of many sweeps is what a placement takes. */
static void sweep(struct run *run)
{
    uint64_t seed = 1;
    for (int64_t i = 0; i < run->trials; i++) {
        memory_place_at_random(&run->memory, &seed);
        run_update(run); /* warm */
        const double seconds = pair_time(run_update, BATCH, run);
        if (run->seconds[i] == 0 || seconds < run->seconds[i])
            run->seconds[i] = seconds;
    }
}

/* Labels the row with the offsets in their pages at which the arrays of the slowest trial start. */
static void label_slowest(struct gbench_state *state, struct run *run)
{
    char text[160];
    uint64_t seed = 1;
    int64_t slowest = 0;
    for (int64_t i = 1; i < run->trials; i++)
        if (run->seconds[i] > run->seconds[slowest])
            slowest = i;
    for (int64_t i = 0; i <= slowest; i++)
        memory_place_at_random(&run->memory, &seed);
    size_t length = (size_t)snprintf(text, sizeof text, "slowest at");
    for (unsigned k = 0; k < 2 + run->row->configuration->array_count; k++)
        length += (size_t)snprintf(text + length, sizeof text - length, " %zu",
                                   (size_t)((uintptr_t)run->memory.array[k] % PAGE));
    gbench_label(state, text);
}

static void placements(struct gbench_state *state, const void *context)
{
    double seconds[TRIALS] = {0};
    struct run run = {.row = context, .seconds = seconds, .trials = gbench_argument(state, 0)};
    run.status = implementation_select(run.row->implementation);
    if (!memory_new(&run.memory, N)) {
        gbench_skip(state, "out of memory");
        return;
    }
    while (gbench_next(state, 1))
        sweep(&run);
    if (run.status != DESCEND_OK) {
        gbench_skip(state, descend_status_string(run.status));
    } else {
        label_slowest(state, &run);
        const double middle = median(seconds, (size_t)run.trials); /* sorts them */
        gbench_counter(state, "slowest_of_median", seconds[run.trials - 1] / middle);
        gbench_counter(state, "ns/element", 1e9 * middle / N);
    }
    memory_free(&run.memory);
}

static void add(const struct row *row)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s/%d/1/placements", row->configuration->label, row->implementation->name, N);
    gbench_register(&(struct gbench_benchmark){.name = name,
                                               .function = placements,
                                               .context = row,
                                               .context_size = sizeof *row,
                                               .iterations = SWEEPS,
                                               .range = {{"trials", TRIALS, TRIALS, 2}}});
}

void placements_register(const struct configuration *configuration)
{
    size_t count;
    const struct implementation *all = implementations(&count);
    for (size_t i = 0; i < count && all[i].variant; i++)
        add(&(struct row){&all[i], configuration});
}
