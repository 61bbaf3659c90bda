/* SPDX-License-Identifier: MIT */
/* One call over all tensors split in every way gives the bits of one thread, and its step is one step; in any
 * floating-point environment, which is left as it is. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "executions.h"
#include "mirror.h"
#include "sanitizers.h"
#include "test.h"

struct stepping {
    descend_optimizer *optimizer;
    const descend_pass *pass;
};

static descend_status step(void *work, const descend_exec *exec)
{
    const struct stepping *stepping = work;
    return descend_optimizer_step(stepping->optimizer, stepping->pass, exec);
}

static descend_status zero_grad(void *work, const descend_exec *exec)
{
    return descend_optimizer_zero_grad(work, exec);
}

/* On every variant. */
static void for_each(void (*check)(const struct configuration *))
{
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(THREAD_SANITIZER ? "scalar" : *variant), DESCEND_OK);
        for_each_structure(check);
        if (THREAD_SANITIZER)
            break;
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* Three steps and a zero_grad in this way; the second step without the last tensor. */
static void check_execution(const struct configuration *configuration, const struct shape *shapes, size_t count,
                            const struct execution *execution, unsigned parts)
{
    static const double scale = 0.3;
    static const descend_pass passes[] = {{0}, {.grad_scale = &scale, .flush_subnormals = true}, {.zero_grad = true}};
    if (!configuration->in_slices && strstr(execution->name, "slices"))
        return;
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, count, SPECIAL, count);
    for (size_t i = 0; i < COUNT(passes); i++) {
        struct stepping stepping = {mirror.optimizer, &passes[i]};
        mirror_gradients(&mirror, i % 2 ? SPECIAL : ORDINARY, i);
        mirror_absent(&mirror, count - 1, i == 1);
        mirror_expect(&mirror, &passes[i]);
        runs_of_a_call = configuration->in_slices ? 1 : 2;
        assert_int_equal(execution->make(step, &stepping, parts), DESCEND_OK);
        runs_of_a_call = 1;
        assert_mirrored(&mirror, "step by %s in %u", execution->name, parts);
    }
    mirror_gradients(&mirror, SPECIAL, 9);
    assert_int_equal(execution->make(zero_grad, mirror.optimizer, parts), DESCEND_OK);
    for (size_t i = 0; i < count; i++)
        if (!mirror.twin[i].shape.absent)
            memset(mirror.twin[i].plain.array[GRAD], 0, shapes[i].n * sizeof(float));
    assert_mirrored(&mirror, "zero_grad by %s in %u", execution->name, parts);
    mirror_free(&mirror);
}

static void check_mixed_sizes(const struct configuration *configuration)
{
    static const struct shape shapes[] = {
        {.n = 0},
        {.n = 1},
        {.n = 4095, .copy = DESCEND_BF16},
        {.n = 4096},
        {.n = 0, .copy = DESCEND_F16},
        {.n = 4097, .copy = DESCEND_F16, .own_state = true},
        {.n = 12289, .copy = DESCEND_BF16, .step = 5},
        {.n = 17, .step = 5, .own_state = true},
        {.n = 3, .absent = true},
        {.n = 8192},
    };
    static const unsigned parts[] = {1, 2, 3, 7};
    for (const struct execution *execution = executions; execution->name; execution++)
        for (size_t i = 0; i < COUNT(parts); i++)
            check_execution(configuration, shapes, COUNT(shapes), execution, parts[i]);
}

static void mixed_sizes(void **state)
{
    (void)state;
    for_each(check_mixed_sizes);
}

static void check_small_tensors(const struct configuration *configuration)
{
    enum { MANY = 1000 };
    static struct shape shapes[MANY];
    for (size_t i = 0; i < MANY; i++)
        shapes[i] =
            (struct shape){.n = i * 7 % 41, .copy = (descend_dtype)(i % 3), .step = i % 5, .absent = i % 17 == 0};
    for (const struct execution *execution = executions; execution->name; execution++)
        check_execution(configuration, shapes, MANY, execution, 3);
}

static void a_thousand_small_tensors(void **state)
{
    (void)state;
    for_each(check_small_tensors);
}

/* Most parts have nothing to do; a pool of that many threads is not needed to see it. */
static void check_many_parts(const struct configuration *configuration)
{
    static const struct shape shapes[] = {{.n = 3}, {.n = 12289, .copy = DESCEND_BF16}, {.n = 0}, {.n = 5000}};
    for (const struct execution *execution = executions; execution->name; execution++)
        if (strstr(execution->name, "pthreads") == NULL)
            check_execution(configuration, shapes, COUNT(shapes), execution, 300);
}

static void more_parts_than_blocks(void **state)
{
    (void)state;
    for_each(check_many_parts);
}

/* From how many elements of all tensors on run is called. */
static void run_only_from_serial_below_on(void **state)
{
    (void)state;
    static const struct {
        size_t serial_below;
        bool calls;
    } cases[] = {{0, true}, {1, true}, {100, true}, {101, false}, {SIZE_MAX, false}};
    static const struct shape shapes[] = {{.n = 60}, {.n = 0}, {.n = 40}};
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct pool pool = {.order = FORWARD};
        const descend_exec exec = {
            .threads = 3, .run = run_on_pool, .pool = &pool, .serial_below = cases[i].serial_below};
        struct mirror mirror = mirror_new(&all[0]);
        mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
        mirror_step(&mirror, NULL, &exec);
        assert_mirrored(&mirror, "serial_below %zu", cases[i].serial_below);
        assert_int_equal(pool.calls, cases[i].calls);
        mirror_free(&mirror);
    }
}

/* Fails unless the environment is this one still, with the default one in force. */
static struct environment default_environment;

static void assert_environment(struct environment expected, const char *where)
{
    const struct environment now = environment_get();
    environment_set(default_environment);
    if (now.control != expected.control || now.status != expected.status)
        fail_msg("%s: control %llx and status %llx became %llx and %llx", where, (unsigned long long)expected.control,
                 (unsigned long long)expected.status, (unsigned long long)now.control, (unsigned long long)now.status);
}

static void check_calls_in(const struct configuration *configuration, struct environment environment,
                           const descend_exec *exec)
{
    static const struct shape shapes[] = {{.n = 4097, .copy = DESCEND_BF16},
                                          {.n = 100, .copy = DESCEND_F16, .step = 2}};
    const descend_pass pass = {.grad_scale = &(double){0.37}};
    struct mirror mirror = mirror_new(configuration);
    descend_measurement expected, found;
    mirror_append(&mirror, shapes, COUNT(shapes), SPECIAL, 1);
    const descend_tensor tensors[] = {mirror_tensor(&mirror, 0), mirror_tensor(&mirror, 1)};
    environment_set(environment);
    const descend_status added = descend_optimizer_add(mirror.optimizer, 0, tensors, 2);
    assert_environment(environment, "add");
    assert_int_equal(added, DESCEND_OK);
    for (unsigned i = 0; i < 3; i++) {
        mirror_gradients(&mirror, i == 1 ? SPECIAL : ORDINARY, i);
        mirror_expect(&mirror, &pass);
        environment_set(environment);
        const descend_status stepped = descend_optimizer_step(mirror.optimizer, &pass, exec);
        assert_environment(environment, "step");
        assert_int_equal(stepped, DESCEND_OK);
        assert_mirrored(&mirror, "control %llx", (unsigned long long)environment.control);
        assert_int_equal(descend_optimizer_measure(mirror.optimizer, NULL, &expected), DESCEND_OK);
        environment_set(environment);
        const descend_status measured = descend_optimizer_measure(mirror.optimizer, exec, &found);
        assert_environment(environment, "measure");
        assert_int_equal(measured, DESCEND_OK);
        assert_true(expected.finite == found.finite);
        assert_true(!found.finite || memcmp(&found.norm, &expected.norm, sizeof found.norm) == 0);
        assert_true(!found.finite || found.norm_inf == expected.norm_inf);
    }
    mirror_free(&mirror);
}

/* Configs are checked, and may be refused, in any environment. */
static void check_configs_in(const struct configuration *configuration, struct environment environment)
{
    struct mirror mirror = mirror_new(configuration);
    unsigned group;
    environment_set(environment);
    const descend_status grouped = descend_optimizer_group(mirror.optimizer, &configuration->config, &group);
    const descend_status configured = descend_optimizer_configure(mirror.optimizer, 0, &configuration->config);
    const descend_status set = descend_optimizer_set_lr(mirror.optimizer, 0, 0.1);
    const descend_status refused = descend_optimizer_set_lr(mirror.optimizer, 0, -0.1);
    assert_environment(environment, "group, configure and set_lr");
    assert_true(grouped == DESCEND_OK && configured == DESCEND_OK && set == DESCEND_OK && refused == DESCEND_BAD_LR);
    mirror_free(&mirror);
}

static void check_environments(const struct configuration *configuration)
{
    static const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    struct pool pool = {.order = PTHREADS};
    const descend_exec how[] = {
        {.threads = 1}, {.threads = 3, .serial_below = 1}, {.threads = 3, .run = run_on_pool, .pool = &pool}};
    for (size_t r = 0; r < COUNT(roundings); r++)
        for (unsigned bits = 0; bits < (environment_can_trap() ? 4 : 2); bits++) {
            const struct environment environment = environment_with(roundings[r], bits & 1, bits & 2);
            for (size_t i = 0; i < COUNT(how); i++)
                check_calls_in(configuration, environment, &how[i]);
            check_configs_in(configuration, environment);
        }
}

static void environments(void **state)
{
    (void)state;
    for_each(check_environments);
}

/* Objects of their own may be used at the same time. */
static void *use_alone(void *argument)
{
    static const struct shape shapes[] = {{.n = 50}, {.n = 4097, .copy = DESCEND_BF16}};
    static const descend_exec serial = {.threads = 1};
    const struct configuration *configuration = argument;
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (unsigned i = 0; i < 5; i++)
        mirror_step(&mirror, NULL, &serial);
    assert_mirrored(&mirror, "beside others");
    mirror_free(&mirror);
    return NULL;
}

static void objects_are_independent(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    size_t count;
    const struct configuration *all = configurations(&count);
    pthread_t thread[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, use_alone, (void *)(uintptr_t)&all[i * count / THREADS]), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
}

int main(void)
{
    fesetenv(FE_DFL_ENV);
    default_environment = environment_get();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixed_sizes),
        cmocka_unit_test(a_thousand_small_tensors),
        cmocka_unit_test(more_parts_than_blocks),
        cmocka_unit_test(run_only_from_serial_below_on),
        cmocka_unit_test(environments),
        cmocka_unit_test(objects_are_independent),
    };
    if (THREAD_SANITIZER)
        printf("skipped: all variants but scalar (ThreadSanitizer)\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
