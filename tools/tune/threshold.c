/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* clock_gettime */
#include "threshold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "median.h"
#include "named_config.h"

enum {
    BLOCK = 4096, /* of elements; calls are split at its multiples, so one block runs on one thread */
    SAMPLES = 1024
};

/* The sizes to measure, in blocks: powers of two, and half-way sizes, which two threads cannot always share evenly. */
static const size_t blocks[SIZES] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256};

static const double visit_seconds = 0.01, batch_seconds = 0.0002;

enum { STATES_MAX = 32 }; /* no kind has more, as descend_config_states returns a bit for each */

struct arrays {
    float *param, *grad, *state[STATES_MAX];
    size_t states; /* the largest number that a kind has */
};

/* The samples of one optimizer at one size. */
struct cell {
    size_t count;                              /* of all samples; the last SAMPLES of them are kept */
    double serial[SAMPLES], parallel[SAMPLES]; /* seconds a call */
};

struct threads find_threads(void)
{
#ifdef _OPENMP
    if (omp_get_num_procs() == 1)
        return (struct threads){1, "there is one processor"};
    if (omp_get_max_threads() == 1 || omp_get_thread_limit() == 1)
        return (struct threads){1, "OpenMP is limited to one thread (OMP_NUM_THREADS, OMP_THREAD_LIMIT)"};
    return (struct threads){omp_get_max_threads(), NULL};
#else
    return (struct threads){1, "descend is built without OpenMP"};
#endif
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static size_t most_states(void)
{
    size_t most = 0;
    for (size_t kind = 1; kind <= descend_kind_count(); kind++) {
        const size_t states = descend_kind_state_count((descend_kind)kind);
        most = states > most ? states : most;
    }
    return most;
}

static bool arrays_new(struct arrays *arrays)
{
    /* ROOM: arrays whose starts are equal modulo 4096 bytes would evict each other from the cache. */
    enum { ALIGNMENT = 64, ROOM = 5 * ALIGNMENT };
    const size_t each = MAX_N * sizeof(float) + ROOM, states = most_states();
    char *block = aligned_alloc(ALIGNMENT, (2 + states) * each);
    if (block == NULL)
        return false;
    *arrays = (struct arrays){(float *)(void *)block, (float *)(void *)(block + each), {NULL}, states};
    for (size_t i = 0; i < states; i++)
        arrays->state[i] = (float *)(void *)(block + (2 + i) * each);
    return true;
}

/* Fills the arrays as they are before step 1. Another optimizer's states may be invalid as this one's. A scalar state
 * is the first element of its array, and keeps its value of step 1. */
static void arrays_reset(const struct arrays *arrays, const descend_config *config)
{
    for (size_t i = 0; i < MAX_N; i++) {
        arrays->param[i] = 1.0f;
        arrays->grad[i] = i % 2 ? 0.25f : -0.125f;
    }
    for (size_t state = 0; state < descend_kind_state_count(config->kind); state++) {
        float start = descend_config_initial(config, state);
        if (descend_kind_state(config->kind, state)->scalar)
            start = descend_config_advance(config, 1, start);
        for (size_t i = 0; i < MAX_N; i++)
            arrays->state[state][i] = start;
    }
}

/* Seconds per call. The first call is not timed: it fetches the arrays from the other cores' caches. Statuses are
 * ignored because thresholds_try has checked the same configs. */
static double time_batch(const descend_config *config, uint64_t *number, const struct arrays *on, size_t n,
                         const descend_exec *exec)
{
    enum { CALLS = 4 };
    unsigned calls = 0;
    double elapsed;
    (void)descend_step(config, ++*number, on->param, on->grad, on->state, n, exec);
    const double start = now();
    do {
        for (int i = 0; i < CALLS; i++)
            (void)descend_step(config, ++*number, on->param, on->grad, on->state, n, exec);
        calls += CALLS;
        elapsed = now() - start;
    } while (elapsed < batch_seconds);
    return elapsed / calls;
}

static void visit(struct cell *cell, const descend_config *config, uint64_t *number, const struct arrays *on, size_t n)
{
    /* The number of threads is given, because the library's own choice may be one. */
    const descend_exec serial = {.threads = 1},
                       parallel = {.threads = (unsigned)find_threads().count, .serial_below = 1};
    const double end = now() + visit_seconds;
    do {
        const size_t i = cell->count++ % SAMPLES;
        cell->serial[i] = time_batch(config, number, on, n, &serial);
        cell->parallel[i] = time_batch(config, number, on, n, &parallel);
    } while (now() < end);
}

/* Sorts the samples in the cell. */
static struct size conclude_size(struct cell *cell, size_t n)
{
    double ratios[SAMPLES];
    const size_t kept = cell->count < SAMPLES ? cell->count : SAMPLES;
    for (size_t i = 0; i < kept; i++)
        ratios[i] = cell->serial[i] / cell->parallel[i];
    return (struct size){n, cell->count, median(cell->serial, kept), median(cell->parallel, kept),
                         median(ratios, kept)};
}

static struct threshold conclude(const char *optimizer, struct cell cells[SIZES])
{
    struct threshold result = {.optimizer = optimizer};
    for (size_t i = 0; i < SIZES; i++) {
        result.sizes[i] = conclude_size(&cells[i], blocks[i] * BLOCK);
        if (result.sizes[i].n == BUILT_IN)
            result.speedup_at_built_in = result.sizes[i].speedup;
    }
    for (size_t i = SIZES; i > 0 && result.sizes[i - 1].speedup >= WINS; i--)
        result.n = result.sizes[i - 1].n;
    return result;
}

static void measure(double seconds, const struct arrays *on, struct cell (*cells)[SIZES])
{
    const bool terminal = isatty(STDERR_FILENO);
    size_t count;
    const struct named_config *configs = named_configs(&count);
    const double start = now();
    double elapsed;
    do {
        for (size_t i = 0; i < count; i++) {
            uint64_t number = 0;
            arrays_reset(on, &configs[i].config);
            for (size_t size = 0; size < SIZES; size++)
                visit(&cells[i][size], &configs[i].config, &number, on, blocks[size] * BLOCK);
        }
        elapsed = now() - start;
        if (terminal)
            fprintf(stderr, "\r\033[Kmeasuring: %.0f of %.0f s", elapsed, seconds);
    } while (elapsed < seconds);
    if (terminal)
        fputs("\r\033[K", stderr);
}

bool thresholds_measure(double seconds, struct threshold thresholds[NAMED_CONFIGS_MAX])
{
    struct arrays arrays;
    size_t count;
    const struct named_config *configs = named_configs(&count);
    struct cell(*cells)[SIZES] = calloc(count, sizeof *cells);
    if (cells == NULL || !arrays_new(&arrays)) {
        free(cells);
        return false;
    }
    measure(seconds, &arrays, cells);
    for (size_t i = 0; i < count; i++)
        thresholds[i] = conclude(configs[i].name, cells[i]);
    free(arrays.param); /* the start of the one block of all arrays */
    free(cells);
    return true;
}

descend_status thresholds_try(void)
{
    size_t count;
    const struct named_config *configs = named_configs(&count);
    descend_status status = DESCEND_OK;
    for (size_t i = 0; status == DESCEND_OK && i < count; i++)
        status = descend_step(&configs[i].config, 1, NULL, NULL, NULL, 0, NULL);
    return status;
}
