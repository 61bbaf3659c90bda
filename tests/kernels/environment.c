/* SPDX-License-Identifier: MIT */
/* The caller's floating-point environment neither changes the result nor is changed, in any thread. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "environment.h"
#include "test.h"

enum { N = 2 * 4096 + 5, THREADS = 3 };

static const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

static struct environment default_environment, at_start;

static void assert_environment(struct environment expected, const char *label, const char *where)
{
    const struct environment now = environment_get();
    environment_set(default_environment);
    if (now.control != expected.control || now.status != expected.status)
        fail_msg("%s, %s: control %llx and status %llx became %llx and %llx", label, where,
                 (unsigned long long)expected.control, (unsigned long long)expected.status,
                 (unsigned long long)now.control, (unsigned long long)now.status);
}

/* A pool whose threads have an environment of their own. */
struct pool_task {
    descend_task *task;
    void *work;
    unsigned index;
    struct environment environment;
    bool unchanged;
};

static void *pool_thread(void *argument)
{
    struct pool_task *mine = argument;
    environment_set(mine->environment);
    mine->task(mine->work, mine->index);
    const struct environment now = environment_get();
    mine->unchanged = now.control == mine->environment.control && now.status == mine->environment.status;
    return NULL;
}

static void run_on_pool(void *pool, descend_task *task, void *work, unsigned tasks)
{
    /* The caller's own code: it runs under the caller's own environment. */
    const struct environment *callers = pool, now = environment_get();
    pthread_t threads[THREADS];
    struct pool_task each[THREADS];
    environment_set(default_environment);
    assert_int_equal(now.control, callers->control);
    assert_int_equal(tasks, THREADS);
    for (unsigned i = 0; i < THREADS; i++) {
        each[i] = (struct pool_task){task, work, i, *callers, false};
        assert_int_equal(pthread_create(&threads[i], NULL, pool_thread, &each[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(each[i].unchanged);
    }
    environment_set(now);
}

/* One step from the same data under this environment, on one thread, OpenMP's and the pool's. */
static void check_environment(const struct configuration *configuration, struct environment environment,
                              enum data_kind kind, const char *where)
{
    const descend_exec how[] = {
        {.threads = 1},
        {.threads = THREADS, .serial_below = 1},
        {.threads = THREADS, .run = run_on_pool, .pool = &environment},
    };
    struct arrays expected = arrays_new(N), actual = arrays_new(N);
    arrays_fill(configuration, &expected, kind, 7);
    assert_int_equal(arrays_step(configuration, 3, &expected, &how[0]), DESCEND_OK);
    for (size_t i = 0; i < sizeof how / sizeof *how; i++) {
        arrays_fill(configuration, &actual, kind, 7);
        environment_set(environment);
        const descend_status status = arrays_step(configuration, 3, &actual, &how[i]);
        assert_environment(environment, configuration->label, where);
        assert_int_equal(status, DESCEND_OK);
        assert_same_arrays(configuration, &expected, &actual, "%s, %s data, how %zu", where, data_kind_names[kind], i);
    }
    arrays_free(&expected);
    arrays_free(&actual);
}

/* The last configuration of each optimizer: it uses all states. */
static void check_all(bool flush, bool unmasked)
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < count; i++) {
            if (i + 1 < count && strcmp(all[i].optimizer, all[i + 1].optimizer) == 0)
                continue;
            for (size_t r = 0; r < sizeof roundings / sizeof *roundings; r++) {
                char where[96];
                snprintf(where, sizeof where, "%s, rounding %zu, flush %d, unmasked %d", *variant, r, flush, unmasked);
                check_environment(&all[i], environment_with(roundings[r], flush, unmasked), (enum data_kind)(r % 2),
                                  where);
            }
        }
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

static void rounding_modes(void **state)
{
    (void)state;
    check_all(false, false);
}

static void flush_to_zero(void **state)
{
    (void)state;
    check_all(true, false);
}

static void unmasked_exceptions(void **state)
{
    (void)state;
    if (!environment_can_trap()) {
        printf("skipped: this machine or emulator never traps\n");
        skip();
    }
    check_all(false, true);
}

/* The checks of the arguments compare NaN and infinities. */
static void refused_calls(void **state)
{
    (void)state;
    float param[1] = {0}, grad[1] = {0}, m[1] = {0}, v[1] = {0};
    descend_adam config = descend_adam_defaults();
    config.lr = NAN;
    const struct environment environment = environment_with(FE_UPWARD, true, true);
    environment_set(environment);
    const descend_status status = descend_adam_step(&config, 1, param, grad, m, v, NULL, 1, NULL);
    assert_environment(environment, "adam", "lr NaN");
    assert_int_equal(status, DESCEND_BAD_LR);
}

static void loading_the_library(void **state)
{
    (void)state;
    assert_int_equal(at_start.control, default_environment.control);
}

int main(void)
{
    at_start = environment_get();
    fesetenv(FE_DFL_ENV);
    default_environment = environment_get();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_the_library), cmocka_unit_test(rounding_modes), cmocka_unit_test(flush_to_zero),
        cmocka_unit_test(unmasked_exceptions), cmocka_unit_test(refused_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
