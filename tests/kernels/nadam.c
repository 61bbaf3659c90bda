/* SPDX-License-Identifier: MIT */
/* NAdam's mu_product: the function that makes it has the bits of the plain C one, in any floating-point environment and
 * leaving it alone; the step refuses what is not in [0, 1), and coefficients that overflow for it. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "environment.h"
#include "expected.h"
#include "test.h"

#define FLOAT_BELOW_1 0x1.fffffep-1f

enum { N = 5 };

static const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
static struct environment default_environment;

/* Products fall to 0 within a hundred steps, slowly, and not at all; the last momenta are 1 as float32 numbers. */
static const struct schedule {
    double beta1, momentum_decay;
} schedules[] = {
    {0.9, 4e-3}, {0.9, 0}, {0.999, 0.1}, {0.99999, 10}, {0.5, 1e300}, {0, 4e-3}, {0x1p-1074, 0.02}, {BELOW_1, 1e10},
};

static descend_nadam config_of(struct schedule schedule)
{
    descend_nadam config = descend_nadam_defaults();
    config.beta1 = schedule.beta1;
    config.momentum_decay = schedule.momentum_decay;
    return config;
}

/* The mu_product of NAdam's formula in docs/optimizers.md. */
static float plain_product(struct schedule schedule, uint64_t step, float previous)
{
    const double mu = schedule.beta1 * (1 - 0.5 * pow(0.96, (double)step * schedule.momentum_decay));
    return previous * (float)mu;
}

/* Fails unless the function gives this, under this environment, and leaves that as it was. */
static void check_product(struct schedule schedule, uint64_t step, float previous, struct environment environment)
{
    const descend_nadam config = config_of(schedule);
    const float expected = plain_product(schedule, step, previous);
    environment_set(environment);
    const float product = descend_nadam_mu_product(&config, step, previous);
    const struct environment now = environment_get();
    environment_set(default_environment);
    if (now.control != environment.control || now.status != environment.status)
        fail_msg("control %llx and status %llx became %llx and %llx", (unsigned long long)environment.control,
                 (unsigned long long)environment.status, (unsigned long long)now.control,
                 (unsigned long long)now.status);
    if (memcmp(&product, &expected, sizeof product) != 0 && !(isnan(product) && isnan(expected)))
        fail_msg("beta1 %a, momentum_decay %a, step %llu, from %a, control %llx: %a, not %a", schedule.beta1,
                 schedule.momentum_decay, (unsigned long long)step, (double)previous,
                 (unsigned long long)environment.control, (double)product, (double)expected);
}

static void for_each_environment(void (*check)(struct environment environment))
{
    if (!environment_can_trap())
        printf("skipped: unmasked exceptions (this machine or emulator never traps)\n");
    for (size_t r = 0; r < COUNT(roundings); r++)
        for (unsigned bits = 0; bits < (environment_can_trap() ? 4 : 2); bits++)
            check(environment_with(roundings[r], bits & 1, bits & 2));
}

static void check_points(struct environment environment)
{
    static const uint64_t steps[] = {1, 2, 3, 10, 99, 1000, 123456, UINT64_C(1) << 32, STEP_MAX - 1, STEP_MAX};
    static const float previous[] = {1, FLOAT_BELOW_1, 0.3f, 1e-20f, 0x1p-126f, 0x1.fffffcp-127f, 0x1p-149f, 0, NAN};
    for (size_t i = 0; i < COUNT(schedules); i++)
        for (size_t s = 0; s < COUNT(steps); s++)
            for (size_t p = 0; p < COUNT(previous); p++)
                check_product(schedules[i], steps[s], previous[p], environment);
}

static void single_products(void **state)
{
    (void)state;
    for_each_environment(check_points);
}

/* Each product from the one before, as a run has them: 1, then through subnormal numbers to 0. */
static void check_chain(struct environment environment)
{
    for (size_t i = 0; i < COUNT(schedules); i++) {
        float product = 1;
        for (uint64_t step = 1; step <= 5000; step++) {
            check_product(schedules[i], step, product, environment);
            product = plain_product(schedules[i], step, product);
        }
        assert_true(product >= 0 && (product < 1 || schedules[i].beta1 == BELOW_1));
        assert_true(i > 1 || product == 0);
    }
}

static void chains(void **state)
{
    (void)state;
    for_each_environment(check_chain);
}

static void check_none(struct environment environment)
{
    environment_set(environment);
    const float product = descend_nadam_mu_product(NULL, 1, 1);
    const struct environment now = environment_get();
    environment_set(default_environment);
    assert_true(isnan(product));
    assert_true(now.control == environment.control && now.status == environment.status);
}

static void no_config(void **state)
{
    (void)state;
    for_each_environment(check_none);
}

static descend_status step_with(const descend_nadam *config, uint64_t step, float mu_product, size_t n, float arrays[])
{
    return descend_nadam_step(config, step, mu_product, arrays, arrays + N, arrays + 2 * N, arrays + 3 * N, n, NULL);
}

/* With no elements, with some, and for a slice. */
static void check_step(const descend_nadam *config, uint64_t step, float mu_product, descend_status expected)
{
    const descend_exec slice = {.slice = 1, .slices = 2};
    float arrays[4 * N], before[4 * N];
    for (size_t i = 0; i < COUNT(arrays); i++)
        arrays[i] = before[i] = 0.25f + (float)i;
    descend_status found[] = {
        step_with(config, step, mu_product, 0, arrays),
        descend_nadam_step(config, step, mu_product, arrays, arrays + N, arrays + 2 * N, arrays + 3 * N, N, &slice),
        step_with(config, step, mu_product, N, arrays)};
    for (size_t i = 0; i < COUNT(found); i++)
        if (found[i] != expected)
            fail_msg("lr %a, beta1 %a, step %llu, mu_product %a, call %zu: %d (%s), not %d", config->lr, config->beta1,
                     (unsigned long long)step, (double)mu_product, i, (int)found[i], descend_status_string(found[i]),
                     (int)expected);
    assert_int_equal(expected != DESCEND_OK, memcmp(arrays, before, sizeof arrays) == 0);
}

static void bad_products(void **state)
{
    (void)state;
    static const float bad[] = {1,  1.5f,     FLT_MAX,   INFINITY, -0x1p-149f, -0x1p-126f, -0.5f,
                                -1, -FLT_MAX, -INFINITY, NAN,      -NAN,       1.0000001f};
    static const float good[] = {0, -0.0f, 0x1p-149f, 0x1p-126f, 0.45f, 0.9f, FLOAT_BELOW_1};
    const descend_nadam config = descend_nadam_defaults();
    for (uint64_t step = 1; step <= 2; step++) {
        for (size_t i = 0; i < COUNT(bad); i++)
            check_step(&config, step, bad[i], DESCEND_BAD_MU_PRODUCT);
        for (size_t i = 0; i < COUNT(good); i++)
            check_step(&config, step, good[i], DESCEND_OK);
    }
}

/*
 * Without a decay of the momentum, mu is beta1 / 2 in every step: f32(-(lr (1 - mu) / (1 - mu_product))) of the
 * gradient, f32(-(lr mu / (1 - mu_product f32(mu)))) of exp_avg. The first is the larger, but for a mu near 1.
 */
static void coefficients_that_overflow(void **state)
{
    (void)state;
    static const struct {
        double lr, beta1, momentum_decay;
        uint64_t step;
        float mu_product;
        descend_status status;
    } cases[] = {
        {FLT_MAX, 0, 0, 1, 0, DESCEND_OK},
        {OVERFLOWING, 0, 0, 1, 0, DESCEND_OVERFLOW},
        {FLT_MAX, 0, 0, 1, 0.5f, DESCEND_OVERFLOW},
        {FLT_MAX / 2, 0, 0, 1, 0.5f, DESCEND_OK},
        {OVERFLOWING / 2, 0, 0, 1, 0.5f, DESCEND_OVERFLOW},
        {FLT_MAX, 0.5, 0, 2, 0.25f, DESCEND_OK},
        {OVERFLOWING, 0.5, 0, 2, 0.25f, DESCEND_OVERFLOW},
        {0x1p103, 0, 0, 1, FLOAT_BELOW_1, DESCEND_OK},
        {0x1p104, 0, 0, 1, FLOAT_BELOW_1, DESCEND_OVERFLOW},
        /* the first is lr 2^-53 / (1 - mu_product), the second lr / (1 - mu_product) */
        {FLT_MAX, BELOW_1, 1e10, 1, 0, DESCEND_OK},
        {FLT_MAX, BELOW_1, 1e10, 1, 0.5f, DESCEND_OVERFLOW},
        {FLT_MAX / 2, BELOW_1, 1e10, 1, 0.5f, DESCEND_OK},
        {0x1p103, BELOW_1, 1e10, 1, FLOAT_BELOW_1, DESCEND_OK},
        {0x1p104, BELOW_1, 1e10, 1, FLOAT_BELOW_1, DESCEND_OVERFLOW},
        {DBL_MAX, 0.9, 4e-3, STEP_MAX, 0.5f, DESCEND_OVERFLOW}, /* even in double */
        {1e39, 0.9, 4e-3, 1000, 0, DESCEND_OVERFLOW},
        {0, 0.9, 4e-3, STEP_MAX, FLOAT_BELOW_1, DESCEND_OK},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        descend_nadam config = config_of((struct schedule){cases[i].beta1, cases[i].momentum_decay});
        config.lr = cases[i].lr;
        check_step(&config, cases[i].step, cases[i].mu_product, cases[i].status);
    }
}

/* descend_step reads mu_product through a pointer, which it checks as it does those of arrays. */
static void pointer_to_the_product(void **state)
{
    (void)state;
    const descend_config config = descend_config_defaults(DESCEND_NADAM);
    _Alignas(float) char products[2 * sizeof(float)] = {0};
    float arrays[4 * N] = {0}, before[4 * N] = {0};
    float *states[] = {arrays + 2 * N, arrays + 3 * N, (float *)((uintptr_t)products + 1)};
    assert_int_equal(descend_step(&config, 1, arrays, arrays + N, states, N, NULL), DESCEND_MISALIGNED);
    assert_memory_equal(arrays, before, sizeof arrays);
    states[2] = (float *)(UINTPTR_MAX - 3); /* not to be read where there are no elements */
    assert_int_equal(descend_step(&config, 1, NULL, NULL, states, 0, NULL), DESCEND_OK);
}

int main(void)
{
    fesetenv(FE_DFL_ENV);
    default_environment = environment_get();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_products),
        cmocka_unit_test(chains),
        cmocka_unit_test(no_config),
        cmocka_unit_test(bad_products),
        cmocka_unit_test(pointer_to_the_product),
        cmocka_unit_test(coefficients_that_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
