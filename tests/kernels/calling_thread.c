/* SPDX-License-Identifier: MIT */
/* Which threads work: the calling one alone where the header promises it, as many as asked for elsewhere; and calls
 * from inside OpenMP regions, which are right besides. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "data.h"
#include "process.h"
#include "sanitizers.h"
#include "test.h"
#include "touch.h"

enum {
    BLOCK = 4096,
    BUILT_IN = 32768, /* the built-in serial_below */
    NESTED_LEVELS = THREAD_SANITIZER ? 1 : 2
};

/* A step whose param is watched. An error shows as no page touched: the call may be inside a parallel region, which
 * cmocka's asserts must not leave. */
static struct touched watched_step(size_t n, const descend_exec *exec)
{
    const descend_sgd config = descend_sgd_defaults();
    float *param = touch_new(n), *grad = calloc(n, sizeof *grad);
    if (grad == NULL)
        abort();
    touch_watch();
    const descend_status status = descend_sgd_step(&config, 1, param, grad, NULL, n, exec);
    const struct touched seen = touch_seen();
    touch_free();
    free(grad);
    return status == DESCEND_OK ? seen : (struct touched){0};
}

static size_t pages_of(size_t elements)
{
    return (elements + touch_page_elements() - 1) / touch_page_elements();
}

static void assert_alone(size_t n, const descend_exec *exec, const char *what)
{
    const struct touched seen = watched_step(n, exec);
    if (seen.pages != pages_of(n) || seen.others != 0)
        fail_msg("%s, n %zu: %zu of %zu pages touched, %zu of them by other threads", what, n, seen.pages, pages_of(n),
                 seen.others);
}

static void run_here(void *pool, descend_task *task, void *work, unsigned tasks)
{
    (void)pool;
    for (unsigned i = 0; i < tasks; i++)
        task(work, i);
}

static void alone_where_promised(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t n;
        descend_exec exec;
    } cases[] = {
        {"the defaults, small", BUILT_IN - 1, {0}},
        {"four threads, small", BUILT_IN - 1, {.threads = 4}},
        {"one thread", 1000000, {.threads = 1}},
        {"one thread, serial below 1", 1000000, {.threads = 1, .serial_below = 1}},
        {"serial below more", 1000000, {.serial_below = 1000001}},
        {"four threads, serial below more", 1000000, {.threads = 4, .serial_below = SIZE_MAX}},
        {"one slice", 1000000, {.slices = 1}},
        {"a runner on the calling thread", 1000000, {.threads = 4, .run = run_here}},
        {"a single block", BLOCK, {.threads = 4, .serial_below = 1}},
    };
    assert_alone(BUILT_IN - 1, NULL, "exec NULL, small");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_alone(cases[i].n, &cases[i].exec, cases[i].what);
}

static void a_slice_on_the_calling_thread_only(void **state)
{
    (void)state;
    const size_t page = touch_page_elements(), n = 64 * (page > BLOCK ? page : BLOCK);
    for (unsigned slice = 0; slice < 4; slice++) {
        const struct touched seen = watched_step(n, &(descend_exec){.slice = slice, .slices = 4});
        if (seen.others != 0 || seen.pages != pages_of(n) / 4)
            fail_msg("slice %u of 4: %zu of %zu pages touched, %zu of them by other threads", slice, seen.pages,
                     pages_of(n), seen.others);
    }
}

#ifdef _OPENMP
static unsigned most_threads(void)
{
    const int processors = omp_get_num_procs();
    return processors > 64 ? (unsigned)processors : 64;
}

/* A thread without a block touches nothing, but OpenMP keeps those that it has started. The first test, so that it has
 * started none; a first region counts whatever else is started with it. */
static void no_more_threads_than_blocks(void **state)
{
    (void)state;
    watched_step(2 * BLOCK, &(descend_exec){.threads = 2, .serial_below = 1});
    const unsigned before = threads_alive();
    watched_step(3 * BLOCK - 1, &(descend_exec){.threads = 8, .serial_below = 1});
    assert_in_range(threads_alive(), before, before + 1);
}

/* As many threads as asked for, as there are blocks, and as the limit lets through. */
static void as_many_as_asked_for(void **state)
{
    (void)state;
    static const unsigned asked[] = {2, 3, 5, 8, 64, 65, 1000, UINT_MAX};
    const size_t page = touch_page_elements(), unit = page > BLOCK ? page : BLOCK; /* pages and blocks, both whole */
    if (omp_get_thread_limit() < (int)most_threads() || omp_get_dynamic()) {
        printf("skipped: OpenMP's environment limits the number of threads\n");
        return;
    }
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        const unsigned expected = asked[i] < most_threads() ? asked[i] : most_threads();
        const size_t n = 2 * expected * unit;
        if (pages_of(n) > TOUCH_PAGES_MAX) {
            printf("skipped: threads = %u, too many on a machine of so many processors\n", asked[i]);
            continue;
        }
        const struct touched seen = watched_step(n, &(descend_exec){.threads = asked[i], .serial_below = 1});
        if (seen.threads != expected || seen.pages != pages_of(n))
            fail_msg("threads = %u, n %zu: %zu threads touched %zu of %zu pages", asked[i], n, seen.threads, seen.pages,
                     pages_of(n));
    }
    assert_int_equal(watched_step(BUILT_IN, &(descend_exec){.threads = 2}).threads, 2);
    assert_int_equal(watched_step(2 * unit, &(descend_exec){.threads = 2, .serial_below = 2 * unit}).threads, 2);
}

/* Of each size for the first time: later the library may have found that threads lose here. */
static void the_default_is_openmps_maximum(void **state)
{
    (void)state;
    const size_t page = touch_page_elements(), least = 16 * (page > BLOCK ? page : BLOCK);
    const int before = omp_get_max_threads();
    for (int threads = 1; threads <= 4; threads++) {
        omp_set_num_threads(threads);
        const struct touched seen = watched_step(least << threads, NULL);
        if (!omp_get_dynamic() && omp_get_thread_limit() >= 4 && seen.threads != (size_t)threads)
            fail_msg("OpenMP's maximum %d: %zu threads", threads, seen.threads);
    }
    omp_set_num_threads(before);
}

/* Inside an active region the default is the calling thread, even where OpenMP would nest; with sizes of which the
 * library cannot have found before that threads lose. */
static void alone_inside_a_region(void **state)
{
    (void)state;
    for (int levels = 1; levels <= NESTED_LEVELS; levels++) {
        const size_t n = (size_t)20000 << levels;
        struct touched seen = {0}, asked = {0}, inactive = {0};
        omp_set_max_active_levels(levels);
#pragma omp parallel num_threads(2)
        {
#pragma omp master
            {
                seen = watched_step(n, NULL);
                asked = watched_step(n, &(descend_exec){.threads = 3});
            }
        }
#pragma omp parallel num_threads(1)
        inactive = watched_step(n, &(descend_exec){.threads = 2});
        if (seen.pages != pages_of(n) || seen.others != 0)
            fail_msg("%d levels: %zu of %zu pages touched, %zu by other threads", levels, seen.pages, pages_of(n),
                     seen.others);
        assert_int_equal(asked.threads, levels == 1 ? 1 : 3);
        assert_int_equal(asked.pages, pages_of(n));
        assert_int_equal(inactive.threads, 2);
    }
    omp_set_max_active_levels(1);
}

/* Each thread of a region does steps on its own arrays, with this exec; at most `levels` levels are active. */
static void check_region(const struct configuration *configuration, const descend_exec *exec, int levels)
{
    enum { TEAM = 4, N = 40001 };
    struct arrays inside[TEAM], outside = arrays_new(N);
    descend_status status[TEAM][2];
    const descend_exec one = {.threads = 1};
    omp_set_max_active_levels(levels);
    for (uint64_t i = 0; i < TEAM; i++) {
        inside[i] = arrays_new(N);
        arrays_fill(configuration, &inside[i], ORDINARY, 100 * i);
    }
#pragma omp parallel for num_threads(TEAM) schedule(static, 1)
    for (int i = 0; i < TEAM; i++)
        for (uint64_t step = 1; step <= 2; step++)
            status[i][step - 1] = arrays_step(configuration, step, &inside[i], exec);
    for (uint64_t i = 0; i < TEAM; i++) {
        arrays_fill(configuration, &outside, ORDINARY, 100 * i);
        for (uint64_t step = 1; step <= 2; step++) {
            assert_int_equal(status[i][step - 1], DESCEND_OK);
            assert_int_equal(arrays_step(configuration, step, &outside, &one), DESCEND_OK);
        }
        assert_same_arrays(configuration, &outside, &inside[i], "thread %d of a region, threads = %u, %d levels",
                           (int)i, exec ? exec->threads : 0, levels);
        arrays_free(&inside[i]);
    }
    arrays_free(&outside);
    omp_set_max_active_levels(1);
}

static void right_inside_a_region(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    const descend_exec two = {.threads = 2}, splitting = {.serial_below = 1};
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || strcmp(all[i].optimizer, all[i + 1].optimizer) != 0)
            for (int levels = 1; levels <= NESTED_LEVELS; levels++) {
                check_region(&all[i], NULL, levels);
                check_region(&all[i], &splitting, levels);
                check_region(&all[i], &two, levels);
            }
}
#else
static void serial_without_openmp(void **state)
{
    (void)state;
    printf("skipped: OpenMP's threads and regions (a build without OpenMP)\n");
    assert_alone(1000000, NULL, "exec NULL");
    assert_alone(1000000, &(descend_exec){.threads = 4, .serial_below = 1}, "four threads");
}
#endif

int main(void)
{
#ifdef _OPENMP
    if (NESTED_LEVELS < 2)
        printf("skipped: calls that nest a region in a region (ThreadSanitizer)\n");
#endif
    const struct CMUnitTest tests[] = {
#ifdef _OPENMP
        cmocka_unit_test(no_more_threads_than_blocks), /* first */
#endif
        cmocka_unit_test(alone_where_promised),        cmocka_unit_test(a_slice_on_the_calling_thread_only),
#ifdef _OPENMP
        cmocka_unit_test(as_many_as_asked_for),        cmocka_unit_test(the_default_is_openmps_maximum),
        cmocka_unit_test(alone_inside_a_region),       cmocka_unit_test(right_inside_a_region),
#else
        cmocka_unit_test(serial_without_openmp),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
