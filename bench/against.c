#include "against.h"

#include <stdio.h>

#include "contender.h"
#include "gbench.h"
#include "memory.h"
#include "pair.h"

/* From where on choosing a variant takes no time beside the update. */
enum { N_MIN = 1 << 14, N_MAX = 1 << 24, N_FACTOR = 4, BATCH_ELEMENTS = 1 << 16 };

struct row {
    const struct contender *one, *other;
    const struct subject *subject;
};

struct run {
    const struct row *row;
    struct memory memory;
    descend_status status;
};

static void select_contender(struct run *run, const struct contender *contender)
{
    const descend_status status = contender_select(contender);
    if (status != DESCEND_OK)
        run->status = status;
}

static void update(struct run *run, const struct contender *contender)
{
    const descend_status status = contender->update(contender, run->row->subject, &run->memory, 1);
    if (status != DESCEND_OK)
        run->status = status;
}

static void select_one(void *run)
{
    select_contender(run, ((struct run *)run)->row->one);
}

static void update_one(void *run)
{
    update(run, ((struct run *)run)->row->one);
}

static void select_other(void *run)
{
    select_contender(run, ((struct run *)run)->row->other);
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
    snprintf(name, sizeof name, "%s/%s-against-%s", row->subject->label, row->one->name, row->other->name);
    gbench_register(&(struct gbench_benchmark){.name = name,
                                               .function = against,
                                               .context = row,
                                               .context_size = sizeof *row,
                                               .range = {{NULL, N_MIN, N_MAX, N_FACTOR}}});
}

void against_register(const struct subject *subject)
{
    size_t count;
    const struct contender *all = contenders(&count);
    for (const struct contender *one = all; one < all + count && one->variant; one++)
        for (const struct contender *other = all; other < all + count; other++)
            if (other != one && contender_can(other, subject))
                add(&(struct row){one, other, subject});
}
