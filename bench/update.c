#include "update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "contender.h"
#include "gbench.h"
#include "limit.h"
#include "memory.h"
#include "pair.h"

enum {
    N_MIN_LOG2 = 10,
    N_MAX_LOG2 = 26,
    BATCH_ELEMENTS = 1 << 16, /* small n: so many between two clock readings */
    COLD_ITERATIONS = 30
};

/* One row: what updates (one of the three), what, and where. */
struct row {
    const char *isa;           /* a variant of the library, */
    const struct naive *naive; /* or a textbook's loop, */
    bool autovec;              /* or the scalar vocabulary vectorised by the compiler */
    const struct subject *subject;
    size_t n;
    unsigned threads;
    enum placement placement;
    bool cold;
};

/* A row under way. */
struct run {
    const struct row *row;
    const struct limit_kernels *limit;
    struct memory memory;
    descend_status status;
};

static unsigned state_count(const struct subject *subject)
{
    return (unsigned)__builtin_popcount(subject->used);
}

/* The states in use, first: all that the limit's kernel knows of a subject is how many. */
static void use_states(const struct subject *subject, float *const all[], float *state[SUBJECT_STATES])
{
    size_t next = 0;
    for (size_t i = 0; i < SUBJECT_STATES; i++)
        state[i] = subject->used >> i & 1 ? all[next++] : NULL;
}

static void run_update(void *context)
{
    struct run *run = context;
    const struct row *row = run->row;
    float *const *array = run->memory.array, *state[SUBJECT_STATES];
    if (row->naive) {
        naive_update(row->naive, row->subject, &run->memory);
    } else if (row->autovec) {
        autovectorised_update(row->subject, &run->memory);
    } else {
        const descend_exec exec = {.threads = row->threads};
        use_states(row->subject, array + 2, state);
        const descend_status status =
            row->subject->step(row->subject->config, CONTENDER_STEP, array[0], array[1], state, row->n, &exec);
        if (status != DESCEND_OK)
            run->status = status;
    }
}

static void run_limit(void *context)
{
    const struct run *run = context;
    const struct row *row = run->row;
    float *const *array = run->memory.array;
    const struct descend_streams streams = {.param = array[0], .grad = array[1], .state = {array[2], array[3], array[4]}};
    descend_kernel *kernel = run->limit->kernel[state_count(row->subject)];
#ifdef _OPENMP
    if (row->threads > 1) {
#pragma omp parallel num_threads((int)row->threads)
        {
            size_t begin, end;
            descend_slice(row->n, (unsigned)omp_get_thread_num(), (unsigned)omp_get_num_threads(), &begin, &end);
            kernel(NULL, &streams, begin, end);
        }
        return;
    }
#endif
    kernel(NULL, &streams, 0, row->n);
}

static void evict(void *context)
{
    (void)context;
    memory_evict();
}

static void report(struct gbench_state *state, const struct row *row, const struct pair *pair)
{
    const double elements = (double)row->n;
    const double bytes = (double)sizeof(float) * (3 + 2 * state_count(row->subject)) * elements;
    gbench_set_items(state, gbench_iterations(state) * (int64_t)row->n);
    gbench_counter(state, "ns/element", 1e9 * pair->seconds / elements);
    gbench_counter(state, "cycles/element", pair->cycles / elements);
    gbench_counter(state, "GB/s", 1e-9 * bytes / pair->seconds);
    gbench_counter(state, "of_limit", pair->seconds / pair->reference_seconds);
}

static void update(struct gbench_state *state, const void *context)
{
    const struct row *row = context;
    const bool small = row->n < BATCH_ELEMENTS && !row->cold;
    struct run run = {.row = row, .limit = limit_find(row->isa ? row->isa : descend_isa_active())};
    struct pair pair = {0};
    run.status = row->isa ? descend_isa_force(row->isa) : DESCEND_OK;
    if (run.status == DESCEND_OK && memory_new(&run.memory, row->n)) {
        memory_place(&run.memory, row->placement);
        if (!pair_measure(state, small ? BATCH_ELEMENTS / (int64_t)row->n : 1, run_update, run_limit,
                          row->cold ? evict : NULL, &run, &pair))
            gbench_skip(state, "out of memory");
        memory_free(&run.memory);
    } else {
        gbench_skip(state, run.status == DESCEND_OK ? "out of memory" : descend_status_string(run.status));
    }
    if (run.status == DESCEND_OK && pair.seconds > 0)
        report(state, row, &pair);
    if (descend_isa_force(NULL) != DESCEND_OK)
        gbench_skip(state, "no variant to go back to");
}

/* The kernels worth a row: maximize, weight decay and dampening cost nothing of their own. */
static bool has_row(const struct subject *subject)
{
    return !strstr(subject->label, "maximize") && !strstr(subject->label, "weight_decay") &&
           !strstr(subject->label, "dampening");
}

static void add(struct row row)
{
    char name[160];
    struct row *kept = malloc(sizeof *kept); /* lives as long as the program */
    if (kept == NULL)
        return;
    *kept = row;
    const char *contender = row.isa ? row.isa : row.naive ? row.naive->name : "autovec";
    snprintf(name, sizeof name, "%s/%s/%zu/%u%s%s", row.subject->label, contender, row.n, row.threads,
             placement_names[row.placement], row.cold ? "/cold" : "");
    for (char *c = name; *c; c++)
        if (*c == ' ')
            *c = '+';
    /* Between cold batches the caches are filled anew, which takes longer than all but the largest updates. */
    gbench_register(name, update, kept, row.cold ? COLD_ITERATIONS : 0);
}

/* Every power of two, on one thread and on all, in every place; what is compared, aligned and warm on one. */
static void add_sizes(struct row row, unsigned threads)
{
    const unsigned counts[] = {1, threads};
    for (int log2 = N_MIN_LOG2; log2 <= N_MAX_LOG2; log2++)
        for (size_t i = 0; i < (threads > 1 ? 2 : 1); i++)
            for (int cold = 0; cold <= (row.isa != NULL); cold++)
                for (row.placement = ALIGNED; row.placement < (row.isa ? PLACEMENTS : 1); row.placement++) {
                    row.n = (size_t)1 << log2;
                    row.threads = counts[i];
                    row.cold = cold;
                    add(row);
                }
}

void update_register(void)
{
    size_t count, ways;
    const struct subject *all = subjects(&count);
    const struct naive *const *naive = naive_all(&ways);
    unsigned threads = 1;
#ifdef _OPENMP
    threads = (unsigned)omp_get_max_threads();
#endif
    for (const struct subject *subject = all; subject < all + count; subject++) {
        if (!has_row(subject))
            continue;
        for (size_t v = 0; v < descend_isa_count(); v++)
            if (descend_isa_supported(descend_isa_name(v)))
                add_sizes((struct row){.isa = descend_isa_name(v), .subject = subject}, threads);
        struct memory none = {.n = 0};
        for (size_t w = 0; w < ways; w++)
            if (naive_update(naive[w], subject, &none))
                add_sizes((struct row){.naive = naive[w], .subject = subject}, 1);
        if (autovectorised && descend_isa_supported("avx2"))
            add_sizes((struct row){.autovec = true, .subject = subject}, 1);
    }
}
