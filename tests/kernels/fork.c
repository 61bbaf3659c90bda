/* SPDX-License-Identifier: MIT */
/* A forked child's step returns, with the same bits, whichever parallel regions its parent ran before. */
#include <sys/wait.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "data.h"
#include "test.h"

enum { N = 300000, GENERATIONS = 2, SECONDS = 20 };

static const struct configuration *configuration;
static struct arrays expected;

static bool step_is_right(const descend_exec *exec)
{
    struct arrays arrays = arrays_new(N);
    arrays_fill(configuration, &arrays, ORDINARY, 3);
    bool good = arrays_step(configuration, 2, &arrays, exec) == DESCEND_OK;
    for (size_t k = 0; k < STATE + configuration->states; k++)
        good = good && first_difference(arrays.array[k], expected.array[k], N) == N;
    arrays_free(&arrays);
    return good;
}

/* In a child, and in that child's child: 0 if all steps were right. A hang ends in SIGALRM. */
static int in_children(int generations)
{
    static const descend_exec how[] = {{0}, {.threads = 4, .serial_below = 1}};
    const pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        bool good = true;
        for (size_t i = 0; i < sizeof how / sizeof *how; i++)
            good = good && step_is_right(&how[i]);
        good = good && (generations == 1 || in_children(generations - 1) == 0);
        _exit(good ? 0 : 1);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return status;
}

static void after_no_region(void **state)
{
    (void)state;
    assert_int_equal(in_children(GENERATIONS), 0);
}

static void after_the_librarys_regions(void **state)
{
    (void)state;
    assert_true(step_is_right(&(descend_exec){.threads = 2, .serial_below = 1}));
    assert_int_equal(in_children(GENERATIONS), 0);
    /* The parent is as it was. */
    assert_true(step_is_right(&(descend_exec){.threads = 2, .serial_below = 1}));
}

static void after_the_trainers_own_region(void **state)
{
    (void)state;
#ifdef _OPENMP
    int threads = 0;
#pragma omp parallel num_threads(4) reduction(+ : threads)
    threads += omp_get_num_threads() > 0;
    assert_true(threads > 0);
#endif
    assert_int_equal(in_children(GENERATIONS), 0);
}

int main(void)
{
    size_t count;
    configuration = &configurations(&count)[count - 1];
    expected = arrays_new(N);
    arrays_fill(configuration, &expected, ORDINARY, 3);
    if (arrays_step(configuration, 2, &expected, &(descend_exec){.threads = 1}) != DESCEND_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_no_region),
        cmocka_unit_test(after_the_trainers_own_region),
        cmocka_unit_test(after_the_librarys_regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
