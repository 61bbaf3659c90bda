/* SPDX-License-Identifier: MIT */
/* Many threads make the library's first call at once; run under ThreadSanitizer too. */
#include <pthread.h>
#include <string.h>

#include "data.h"
#include "test.h"

enum { THREADS = 8, N = 40000 };

static pthread_barrier_t start;
static const struct configuration *configuration;

struct caller {
    pthread_t thread;
    struct arrays arrays;
    descend_status status;
    const char *active;
};

static void *first_call(void *argument)
{
    struct caller *mine = argument;
    pthread_barrier_wait(&start);
    mine->status = arrays_step(configuration, 1, &mine->arrays, NULL);
    mine->active = descend_isa_active();
    return NULL;
}

static void first_calls_at_once(void **state)
{
    (void)state;
    struct caller callers[THREADS];
    size_t count;
    configuration = &configurations(&count)[count - 1];
    assert_int_equal(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (size_t i = 0; i < THREADS; i++) {
        callers[i].arrays = arrays_new(N);
        arrays_fill(configuration, &callers[i].arrays, ORDINARY, 1);
        assert_int_equal(pthread_create(&callers[i].thread, NULL, first_call, &callers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(callers[i].status, DESCEND_OK);
        assert_string_equal(callers[i].active, callers[0].active);
        assert_same_arrays(configuration, &callers[0].arrays, &callers[i].arrays, "thread 0 against thread %zu", i);
    }
    for (size_t i = 0; i < THREADS; i++)
        arrays_free(&callers[i].arrays);
}

static void *forces(void *argument)
{
    struct caller *mine = argument;
    pthread_barrier_wait(&start);
    for (int i = 0; i < 1000; i++) {
        const descend_status status = descend_isa_force(i % 2 ? "scalar" : NULL);
        if (status != DESCEND_OK)
            mine->status = status;
    }
    return NULL;
}

/* One half of the threads forces variants while the other half computes: the bits stay the same. */
static void forcing_while_computing(void **state)
{
    (void)state;
    struct caller callers[THREADS] = {0};
    for (size_t i = 0; i < THREADS; i++) {
        callers[i].arrays = arrays_new(N);
        arrays_fill(configuration, &callers[i].arrays, ORDINARY, 1);
        assert_int_equal(pthread_create(&callers[i].thread, NULL, i % 2 ? forces : first_call, &callers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(callers[i].status, DESCEND_OK);
    for (size_t i = 2; i < THREADS; i += 2)
        assert_same_arrays(configuration, &callers[0].arrays, &callers[i].arrays, "thread 0 against thread %zu", i);
    for (size_t i = 0; i < THREADS; i++)
        arrays_free(&callers[i].arrays);
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_calls_at_once),
        cmocka_unit_test(forcing_while_computing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
