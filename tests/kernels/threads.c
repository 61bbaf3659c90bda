/* SPDX-License-Identifier: MIT */
/* Threads, slices, runners and OpenMP, in every combination: the bits of one thread. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "data.h"
#include "sanitizers.h"
#include "test.h"

enum { MOST = 8, STEPS = 2 };

/* Does one whole step in `count` parts and returns the worst status of them. */
typedef descend_status whole_step(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                  unsigned count);

static descend_status worse(descend_status a, descend_status b)
{
    return a > b ? a : b;
}

static descend_status one_slice(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                unsigned slice, unsigned slices)
{
    const descend_exec exec = {.slice = slice, .slices = slices};
    return arrays_step(configuration, step, arrays, &exec);
}

static descend_status by_default(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                 unsigned count)
{
    (void)count;
    return arrays_step(configuration, step, arrays, NULL);
}

static descend_status by_threads(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                 unsigned count)
{
    const descend_exec exec = {.threads = count, .serial_below = 1};
    return arrays_step(configuration, step, arrays, &exec);
}

static descend_status by_default_threads(const struct configuration *configuration, uint64_t step,
                                         struct arrays *arrays, unsigned count)
{
    const descend_exec exec = {.serial_below = count};
    return arrays_step(configuration, step, arrays, &exec);
}

static descend_status by_slices(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                unsigned count)
{
    descend_status status = DESCEND_OK;
    for (unsigned i = 0; i < count; i++)
        status = worse(status, one_slice(configuration, step, arrays, i, count));
    return status;
}

static descend_status by_slices_backward(const struct configuration *configuration, uint64_t step,
                                         struct arrays *arrays, unsigned count)
{
    descend_status status = DESCEND_OK;
    for (unsigned i = count; i-- > 0;)
        status = worse(status, one_slice(configuration, step, arrays, i, count));
    return status;
}

struct slice_job {
    const struct configuration *configuration;
    uint64_t step;
    struct arrays *arrays;
    unsigned slice, slices;
    descend_status status;
};

static void *do_slice(void *argument)
{
    struct slice_job *job = argument;
    job->status = one_slice(job->configuration, job->step, job->arrays, job->slice, job->slices);
    return NULL;
}

static descend_status by_pthread_slices(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                        unsigned count)
{
    descend_status status = DESCEND_OK;
    struct slice_job job[MOST];
    pthread_t thread[MOST];
    for (unsigned i = 0; i < count; i++) {
        job[i] = (struct slice_job){configuration, step, arrays, i, count, DESCEND_OK};
        assert_int_equal(pthread_create(&thread[i], NULL, do_slice, &job[i]), 0);
    }
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        status = worse(status, job[i].status);
    }
    return status;
}

/* A caller's thread pool: how it runs tasks, and what it saw. */
struct pool {
    enum order { FORWARD, BACKWARD, PTHREADS } order;
    unsigned calls, tasks;
};

struct task_job {
    descend_task *task;
    void *work;
    unsigned index;
};

static void *do_task(void *argument)
{
    const struct task_job *job = argument;
    job->task(job->work, job->index);
    return NULL;
}

static void run(void *argument, descend_task *task, void *work, unsigned tasks)
{
    struct pool *pool = argument;
    struct task_job job[MOST];
    pthread_t thread[MOST];
    pool->calls++;
    pool->tasks = tasks;
    if (pool->order == PTHREADS && tasks <= MOST) {
        for (unsigned i = 0; i < tasks; i++) {
            job[i] = (struct task_job){task, work, i};
            assert_int_equal(pthread_create(&thread[i], NULL, do_task, &job[i]), 0);
        }
        for (unsigned i = 0; i < tasks; i++)
            assert_int_equal(pthread_join(thread[i], NULL), 0);
    } else {
        for (unsigned i = 0; i < tasks; i++)
            task(work, pool->order == BACKWARD ? tasks - 1 - i : i);
    }
}

static descend_status by_run(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                             unsigned count, enum order order)
{
    struct pool pool = {.order = order};
    const descend_exec exec = {.threads = count, .run = run, .pool = &pool};
    const descend_status status = arrays_step(configuration, step, arrays, &exec);
    if (pool.calls != (configuration->in_slices ? 1 : 2) || pool.tasks != count)
        fail_msg("%s, n %zu, threads %u: run was called %u times, with %u tasks", configuration->label, arrays->n,
                 count, pool.calls, pool.tasks);
    return status;
}

static descend_status by_run_forward(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                     unsigned count)
{
    return by_run(configuration, step, arrays, count, FORWARD);
}

static descend_status by_run_backward(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                      unsigned count)
{
    return by_run(configuration, step, arrays, count, BACKWARD);
}

static descend_status by_run_on_pthreads(const struct configuration *configuration, uint64_t step,
                                         struct arrays *arrays, unsigned count)
{
    return by_run(configuration, step, arrays, count, PTHREADS);
}

#ifdef _OPENMP
static descend_status by_openmp_slices(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                                       unsigned count)
{
    descend_status status[MOST], worst = DESCEND_OK;
#pragma omp parallel for num_threads(4) schedule(static, 1)
    for (unsigned i = 0; i < count; i++)
        status[i] = one_slice(configuration, step, arrays, i, count);
    for (unsigned i = 0; i < count; i++)
        worst = worse(worst, status[i]);
    return worst;
}
#endif

static const struct {
    const char *name;
    whole_step *step;
} executions[] = {
    {"the defaults", by_default},
    {"threads", by_threads},
    {"the default threads, serial_below", by_default_threads},
    {"slices", by_slices},
    {"slices, backward", by_slices_backward},
    {"slices on pthreads", by_pthread_slices},
    {"run, forward", by_run_forward},
    {"run, backward", by_run_backward},
    {"run on pthreads", by_run_on_pthreads},
#ifdef _OPENMP
    {"slices in an OpenMP region", by_openmp_slices},
#endif
};

static void copy(const struct configuration *configuration, struct arrays *to, const struct arrays *from)
{
    for (size_t k = 0; k < STATE + configuration->states; k++)
        memcpy(to->array[k], from->array[k], from->n * sizeof(float));
}

/* STEPS steps on one thread. */
static void reference(const struct configuration *configuration, struct arrays *arrays)
{
    const descend_exec one = {.threads = 1};
    for (uint64_t step = 1; step <= STEPS; step++)
        assert_int_equal(arrays_step(configuration, step, arrays, &one), DESCEND_OK);
}

/* All of these with each of these counts of parts. */
static void check_ways(const struct configuration *configuration, size_t n, unsigned least, unsigned most)
{
    struct arrays before = arrays_new(n), expected = arrays_new(n), split = arrays_new(n);
    arrays_fill(configuration, &before, n % 2 ? SPECIAL : ORDINARY, n);
    copy(configuration, &expected, &before);
    reference(configuration, &expected);
    for (size_t w = 0; w < COUNT(executions); w++)
        for (unsigned count = least; count <= most; count++) {
            if (!configuration->in_slices && strstr(executions[w].name, "slices"))
                continue;
            copy(configuration, &split, &before);
            for (uint64_t step = 1; step <= STEPS; step++)
                assert_int_equal(executions[w].step(configuration, step, &split, count), DESCEND_OK);
            assert_same_arrays(configuration, &expected, &split, "%s, seed %zu, one thread against %s, %u",
                               descend_isa_active(), n, executions[w].name, count);
        }
    arrays_free(&before);
    arrays_free(&expected);
    arrays_free(&split);
}

static void check_every_count(const struct configuration *configuration)
{
    static const size_t ns[] = {1, 4095, 4096, 4097, 8193, 40000};
    assert_int_equal(configuration->used, (1u << configuration->states) - 1);
    for (size_t i = 0; i < COUNT(ns); i++)
        check_ways(configuration, ns[i], 1, MOST);
    check_ways(configuration, 100003, 7, MOST);
}

static void every_way_and_count(void **state)
{
    (void)state;
    for_each_structure(check_every_count);
}

static void every_subject(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        check_ways(&all[i], 12289, 3, 3);
}

static void check_many(const struct configuration *configuration)
{
    static const unsigned many[] = {63, 1000, UINT_MAX - 1, UINT_MAX};
    enum { N = 300007 };
    struct arrays before = arrays_new(N), expected = arrays_new(N), split = arrays_new(N);
    arrays_fill(configuration, &before, ORDINARY, 1);
    copy(configuration, &expected, &before);
    assert_int_equal(arrays_step(configuration, 1, &expected, &(descend_exec){.threads = 1}), DESCEND_OK);
    for (size_t i = 0; i < COUNT(many); i++) {
        copy(configuration, &split, &before);
        assert_int_equal(by_threads(configuration, 1, &split, many[i]), DESCEND_OK);
        assert_same_arrays(configuration, &expected, &split, "one thread against threads = %u", many[i]);
        if (many[i] > 1000)
            continue;
        copy(configuration, &split, &before);
        assert_int_equal(by_run_forward(configuration, 1, &split, many[i]), DESCEND_OK);
        assert_same_arrays(configuration, &expected, &split, "one thread against run with %u tasks", many[i]);
        if (!configuration->in_slices)
            continue;
        copy(configuration, &split, &before);
        assert_int_equal(by_slices_backward(configuration, 1, &split, many[i]), DESCEND_OK);
        assert_same_arrays(configuration, &expected, &split, "one thread against %u slices", many[i]);
    }
    arrays_free(&before);
    arrays_free(&expected);
    arrays_free(&split);
}

static void absurdly_many(void **state)
{
    (void)state;
    for_each_structure(check_many);
}

/* run is called from serial_below elements on, and with serial_below 0 always. */
static void check_serial_below(const struct configuration *configuration)
{
    static const struct {
        size_t n, serial_below;
        bool calls;
    } cases[] = {
        {1, 0, true},     {1, 1, true},          {100, 101, false},    {100, 100, true},        {100, 99, true},
        {5000, 0, true},  {5000, 5001, false},   {5000, 5000, true},   {5000, 4999, true},      {20000, 0, true},
        {40000, 0, true}, {40000, 40001, false}, {40000, 40000, true}, {40000, SIZE_MAX, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arrays expected = arrays_new(cases[i].n), split = arrays_new(cases[i].n);
        struct pool pool = {.order = FORWARD};
        const descend_exec one = {.threads = 1};
        const descend_exec exec = {.threads = 3, .run = run, .pool = &pool, .serial_below = cases[i].serial_below};
        arrays_fill(configuration, &expected, ORDINARY, i);
        arrays_fill(configuration, &split, ORDINARY, i);
        assert_int_equal(arrays_step(configuration, 1, &expected, &one), DESCEND_OK);
        assert_int_equal(arrays_step(configuration, 1, &split, &exec), DESCEND_OK);
        assert_same_arrays(configuration, &expected, &split, "n %zu, serial_below %zu", cases[i].n,
                           cases[i].serial_below);
        if (pool.calls != cases[i].calls * (configuration->in_slices ? 1u : 2u))
            fail_msg("%s, n %zu, serial_below %zu: run was called %u times", configuration->label, cases[i].n,
                     cases[i].serial_below, pool.calls);
        arrays_free(&expected);
        arrays_free(&split);
    }
}

static void run_only_from_serial_below_on(void **state)
{
    (void)state;
    for_each_structure(check_serial_below);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_and_count),
        cmocka_unit_test(every_subject),
        cmocka_unit_test(absurdly_many),
        cmocka_unit_test(run_only_from_serial_below_on),
    };
#ifndef _OPENMP
    printf("skipped: slices in an OpenMP region (a build without OpenMP)\n");
#endif
    if (THREAD_SANITIZER) {
        printf("skipped: all variants but scalar (ThreadSanitizer)\n");
        if (descend_isa_force("scalar") != DESCEND_OK)
            return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
