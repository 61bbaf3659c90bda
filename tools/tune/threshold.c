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
#include "method.h"

enum {
    BLOCK = 4096, /* what work is split into: descend_slice. Up to one block nothing can be parallel. */
    SAMPLES = 1024
};

/* In blocks: powers of two, and between them the sizes that do not split evenly. */
static const size_t blocks[SIZES] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256};

static const double visit_seconds = 0.01, batch_seconds = 0.0002;

struct arrays {
    float *param, *grad, *state[METHOD_STATES];
};

/* The samples of one optimizer at one size. */
struct cell {
    size_t count;                              /* of all; the last SAMPLES are kept */
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

static bool arrays_new(struct arrays *arrays)
{
    /* Room between the arrays: starts that are equal modulo 4096 bytes would hinder each other in the cache. */
    enum { ALIGNMENT = 64, ROOM = 5 * ALIGNMENT, ARRAYS = 4 };
    const size_t each = MAX_N * sizeof(float) + ROOM;
    char *block = aligned_alloc(ALIGNMENT, ARRAYS * each);
    if (block == NULL)
        return false;
    *arrays = (struct arrays){(float *)(void *)block,
                              (float *)(void *)(block + each),
                              {(float *)(void *)(block + 2 * each), (float *)(void *)(block + 3 * each)}};
    return true;
}

/* As before step 1: what one optimizer leaves as its state may be no state of the next. */
static void arrays_reset(const struct arrays *arrays)
{
    for (size_t i = 0; i < MAX_N; i++) {
        arrays->param[i] = 1.0f;
        arrays->grad[i] = i % 2 ? 0.25f : -0.125f;
    }
    for (size_t i = 0; i < METHOD_STATES; i++)
        memset(arrays->state[i], 0, MAX_N * sizeof(float));
}

/* Seconds a call. The first call is not timed: it moves the arrays from the cache of the core that had them. Statuses
 * need no look: thresholds_try has had the same configs, and these arrays are good. */
static double time_batch(const struct method *measured, uint64_t *number, const struct arrays *on, size_t n,
                         const descend_exec *exec)
{
    enum { CALLS = 4 };
    unsigned calls = 0;
    double elapsed;
    (void)measured->step(measured->lr, ++*number, on->param, on->grad, on->state, n, exec);
    const double start = now();
    do {
        for (int i = 0; i < CALLS; i++)
            (void)measured->step(measured->lr, ++*number, on->param, on->grad, on->state, n, exec);
        calls += CALLS;
        elapsed = now() - start;
    } while (elapsed < batch_seconds);
    return elapsed / calls;
}

static void visit(struct cell *cell, const struct method *measured, uint64_t *number, const struct arrays *on, size_t n)
{
    static const descend_exec serial = {.threads = 1}, parallel = {.serial_below = 1};
    const double end = now() + visit_seconds;
    do {
        const size_t i = cell->count++ % SAMPLES;
        cell->serial[i] = time_batch(measured, number, on, n, &serial);
        cell->parallel[i] = time_batch(measured, number, on, n, &parallel);
    } while (now() < end);
}

/* Leaves the cell without its order. */
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

static void measure(double seconds, const struct arrays *on, struct cell cells[METHODS][SIZES])
{
    const bool terminal = isatty(STDERR_FILENO);
    const double start = now();
    double elapsed;
    do {
        for (size_t i = 0; i < METHODS; i++) {
            uint64_t number = 0;
            arrays_reset(on);
            for (size_t size = 0; size < SIZES; size++)
                visit(&cells[i][size], &method_table[i], &number, on, blocks[size] * BLOCK);
        }
        elapsed = now() - start;
        if (terminal)
            fprintf(stderr, "\r\033[Kmeasuring: %.0f of %.0f s", elapsed, seconds);
    } while (elapsed < seconds);
    if (terminal)
        fputs("\r\033[K", stderr);
}

bool thresholds_measure(double seconds, struct threshold thresholds[METHODS])
{
    struct arrays arrays;
    struct cell(*cells)[SIZES] = calloc(METHODS, sizeof *cells);
    if (cells == NULL || !arrays_new(&arrays)) {
        free(cells);
        return false;
    }
    measure(seconds, &arrays, cells);
    for (size_t i = 0; i < METHODS; i++)
        thresholds[i] = conclude(method_table[i].name, cells[i]);
    free(arrays.param); /* the block's start */
    free(cells);
    return true;
}

descend_status thresholds_try(void)
{
    const struct arrays none = {0};
    descend_status status = DESCEND_OK;
    for (size_t i = 0; status == DESCEND_OK && i < METHODS; i++)
        status = method_table[i].step(method_table[i].lr, 1, none.param, none.grad, none.state, 0, NULL);
    return status;
}
