#include "update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "gbench.h"
#include "limit.h"
#include "subject.h"

enum {
    N_MIN_LOG2 = 10,
    N_MAX_LOG2 = 26,
    STEP = 100003,            /* a step count whose powers cost the most */
    BATCH_ELEMENTS = 1 << 16, /* small n: so many elements between two readings of the clock */
    SAMPLES_MAX = 1 << 16,
    PAGE = 4096
};

struct row {
    const struct subject *subject;
    const struct limit_kernels *limit;
    size_t n;
    unsigned threads;
};

/* The arrays of a row: each starts at a page, plus a few lines of its own so that no two alias modulo 4096. */
struct memory {
    char *block;
    float *param, *grad, *state[SUBJECT_STATES];
};

static unsigned state_count(const struct subject *subject)
{
    return (unsigned)__builtin_popcount(subject->used);
}

static bool memory_new(const struct row *row, struct memory *memory)
{
    enum { LINES_APART = 12 * 64 };
    const size_t bytes = (row->n * sizeof(float) + PAGE - 1) / PAGE * PAGE + PAGE, arrays = 2 + SUBJECT_STATES;
    memory->block = aligned_alloc(PAGE, arrays * bytes);
    if (memory->block == NULL)
        return false;
    float *array[2 + SUBJECT_STATES];
    for (size_t k = 0; k < arrays; k++) {
        array[k] = (float *)(void *)(memory->block + k * bytes + k * LINES_APART);
        for (size_t i = 0; i < row->n; i++)
            array[k][i] = 0x1p-10f * (float)(1 + (i * 7 + k) % 1024);
    }
    memory->param = array[0];
    memory->grad = array[1];
    memcpy(memory->state, array + 2, sizeof memory->state);
    return true;
}

static void run_limit(const struct row *row, const struct memory *memory)
{
    const struct descend_streams streams = {
        memory->param, memory->grad, {memory->state[0], memory->state[1], memory->state[2]}};
    descend_kernel *kernel = row->limit->kernel[state_count(row->subject)];
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

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *samples, size_t count)
{
    qsort(samples, count, sizeof *samples, compare);
    return samples[count / 2];
}

/* Batches of steps, each followed by a batch of the limit's kernel outside the timing. */
static descend_status measure(struct gbench_state *state, const struct row *row, const struct memory *memory,
                              double *step_seconds, double *limit_seconds, size_t *samples)
{
    const int64_t batch = row->n < BATCH_ELEMENTS ? BATCH_ELEMENTS / (int64_t)row->n : 1;
    const descend_exec exec = {.threads = row->threads};
    descend_status status = descend_isa_force(row->limit->isa);
    size_t count = 0;
    while (status == DESCEND_OK && gbench_next(state, batch)) {
        const double start = seconds();
        for (int64_t i = 0; i < batch && status == DESCEND_OK; i++)
            status = row->subject->step(row->subject->config, STEP, memory->param, memory->grad, memory->state, row->n,
                                        &exec);
        const double middle = seconds();
        gbench_pause(state);
        const double again = seconds();
        for (int64_t i = 0; i < batch; i++)
            run_limit(row, memory);
        const double end = seconds();
        step_seconds[count % SAMPLES_MAX] = (middle - start) / (double)batch;
        limit_seconds[count % SAMPLES_MAX] = (end - again) / (double)batch;
        count++;
        gbench_resume(state);
    }
    *samples = count < SAMPLES_MAX ? count : SAMPLES_MAX;
    return status;
}

static void update(struct gbench_state *state, const void *context)
{
    const struct row *row = context;
    struct memory memory = {0};
    size_t samples = 0;
    double *step_seconds = malloc(SAMPLES_MAX * sizeof(double)), *limit_seconds = malloc(SAMPLES_MAX * sizeof(double));
    if (step_seconds == NULL || limit_seconds == NULL || !memory_new(row, &memory)) {
        gbench_skip(state, "out of memory");
    } else {
        const descend_status status = measure(state, row, &memory, step_seconds, limit_seconds, &samples);
        if (status != DESCEND_OK)
            gbench_skip(state, descend_status_string(status));
    }
    if (samples > 0) {
        const double elements = (double)row->n, step = median(step_seconds, samples);
        const double bytes = (double)sizeof(float) * (3 + 2 * state_count(row->subject));
        gbench_set_items(state, gbench_iterations(state) * (int64_t)row->n);
        gbench_counter(state, "ns/element", 1e9 * step / elements);
        gbench_counter(state, "GB/s", 1e-9 * bytes * elements / step);
        gbench_counter(state, "of_limit", step / median(limit_seconds, samples));
    }
    free(memory.block);
    free(step_seconds);
    free(limit_seconds);
}

/* The kernels worth a row: maximize, weight decay and dampening cost nothing of their own. */
static bool has_row(const struct subject *subject)
{
    return !strstr(subject->label, "maximize") && !strstr(subject->label, "weight_decay") &&
           !strstr(subject->label, "dampening");
}

static void register_row(const struct subject *subject, const char *variant, size_t n, unsigned threads)
{
    char name[128];
    struct row *row = malloc(sizeof *row); /* lives as long as the program */
    if (row == NULL)
        return;
    *row = (struct row){subject, limit_find(variant), n, threads};
    snprintf(name, sizeof name, "%s/%s/%zu/%u", subject->label, variant, n, threads);
    for (char *c = name; *c; c++)
        if (*c == ' ')
            *c = '+';
    gbench_register(name, update, row);
}

/* Rows of one kernel and variant: every power of two, on one thread and on all. */
static void register_sizes(const struct subject *subject, const char *variant)
{
    unsigned all_threads = 1;
#ifdef _OPENMP
    all_threads = (unsigned)omp_get_max_threads();
#endif
    for (int log2 = N_MIN_LOG2; log2 <= N_MAX_LOG2; log2++) {
        register_row(subject, variant, (size_t)1 << log2, 1);
        if (all_threads > 1)
            register_row(subject, variant, (size_t)1 << log2, all_threads);
    }
}

void update_register(void)
{
    size_t count;
    const struct subject *all = subjects(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t v = 0; v < descend_isa_count(); v++)
            if (has_row(&all[i]) && descend_isa_supported(descend_isa_name(v)))
                register_sizes(&all[i], descend_isa_name(v));
}
