/* SPDX-License-Identifier: MIT */
#include "against.h"

#include <stdio.h>

#include "gbench.h"
#include "implementation.h"
#include "memory.h"
#include "pair.h"

/* From N_MIN elements on the time to select a variant is small beside an update. */
enum { N_MIN = 1 << 14, N_MAX = 1 << 24, N_FACTOR = 4, BATCH_ELEMENTS = 1 << 16 };

struct row {
    const struct implementation *one, *other;
    const struct configuration *configuration;
};

struct run {
    const struct row *row;
    struct memory memory;
    descend_status status;
};

static void select_implementation(struct run *run, const struct implementation *implementation)
{
    const descend_status status = implementation_select(implementation);
    if (status != DESCEND_OK)
        run->status = status;
}

static void update(struct run *run, const struct implementation *implementation)
{
    const descend_status status = implementation->update(implementation, run->row->configuration, &run->memory, 1);
    if (status != DESCEND_OK)
        run->status = status;
}

static void select_one(void *run)
{
    select_implementation(run, ((struct run *)run)->row->one);
}

static void update_one(void *run)
{
    update(run, ((struct run *)run)->row->one);
}

static void select_other(void *run)
{
    select_implementation(run, ((struct run *)run)->row->other);
}

static void update_other(void *run)
{
    update(run, ((struct run *)run)->row->other);
}

static void against(struct gbench_state *state, const void *context)
{
    struct run run = {.row = context, .status = DESCEND_OK};
    struct pair pair = {0};
    const int64_t n = gbench_argument(state, 0);
    if (!memory_new(&run.memory, (size_t)n)) {
        gbench_skip(state, "out of memory");
        return;
    }
    const bool measured =
        pair_measure(state, n < BATCH_ELEMENTS ? BATCH_ELEMENTS / n : 1, (struct pair_work){update_one, select_one},
                     (struct pair_work){update_other, select_other}, &run, &pair);
    memory_free(&run.memory);
    if (pair_good(state, measured, run.status))
        gbench_counter(state, "speedup", pair.reference_seconds / pair.seconds);
}

static void add(const struct row *row)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s-against-%s", row->configuration->label, row->one->name, row->other->name);
    gbench_register(&(struct gbench_benchmark){.name = name,
                                               .function = against,
                                               .context = row,
                                               .context_size = sizeof *row,
                                               .range = {{NULL, N_MIN, N_MAX, N_FACTOR}}});
}

void against_register(const struct configuration *configuration)
{
    size_t count;
    const struct implementation *all = implementations(&count);
    for (const struct implementation *one = all; one < all + count && one->variant; one++)
        for (const struct implementation *other = all; other < all + count; other++)
            if (other != one && implementation_can(other, configuration))
                add(&(struct row){one, other, configuration});
}
