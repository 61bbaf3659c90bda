/* SPDX-License-Identifier: MIT */
/* LAMB in the optimizer object: each tensor by the ratio of its own norms, shards of one tensor as tensors; what is not
 * finite stays in its tensor; slices are refused. tests/support/mirror.h compares with the flat function, whose values
 * tests/kernels/lamb.c and lamb_values.c check. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "executions.h"
#include "mirror.h"
#include "test.h"

static descend_status step(void *optimizer, const descend_exec *exec)
{
    return descend_optimizer_step(optimizer, NULL, exec);
}

/* In every execution but slices, which LAMB refuses. */
static void take_step(struct mirror *mirror, const struct execution *execution, unsigned parts, const char *what)
{
    mirror_expect(mirror, NULL);
    runs_of_a_call = 2;
    assert_int_equal(execution->make(step, mirror->optimizer, parts), DESCEND_OK);
    runs_of_a_call = 1;
    assert_mirrored(mirror, "%s, by %s in %u", what, execution->name, parts);
}

static void for_each_execution(void (*check)(const struct execution *execution, unsigned parts))
{
    for (const struct execution *execution = executions; execution->name; execution++)
        for (unsigned parts = 1; parts <= 7 && !strstr(execution->name, "slices"); parts += 2)
            check(execution, parts);
}

/* Twice the parameter: at first the same direction, and twice as far. The third has no norm, and goes by 1. */
static void check_ratios(const struct execution *execution, unsigned parts)
{
    enum { N = 9000 };
    static const struct shape shapes[] = {{.n = N}, {.n = N}, {.n = N}, {.n = 0}, {.n = 1}};
    struct mirror mirror = mirror_new(configuration_of("lamb"));
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    float *param[3];
    static float before[3][N];
    for (size_t t = 0; t < 3; t++) {
        struct twin *twin = &mirror.twin[t];
        param[t] = twin->given.array[PARAM];
        for (size_t i = 0; i < N; i++) {
            param[t][i] = twin->plain.array[PARAM][i] =
                t == 2 ? 0 : mirror.twin[0].given.array[PARAM][i] * (1 + (float)t);
            twin->given.array[GRAD][i] = twin->plain.array[GRAD][i] = mirror.twin[0].given.array[GRAD][i];
        }
        memcpy(before[t], param[t], sizeof before[t]);
    }
    take_step(&mirror, execution, parts, "ratios");
    double moved[3] = {0};
    for (size_t t = 0; t < 3; t++)
        for (size_t i = 0; i < N; i++)
            moved[t] += fabs((double)param[t][i] - (double)before[t][i]);
    assert_true(moved[0] > 0 && fabs(moved[1] / moved[0] - 2) < 0.01); /* either by roundings of the parameter */
    assert_true(moved[2] > 0 && moved[2] < moved[0] / 2);
    take_step(&mirror, execution, parts, "ratios, the second step");
    mirror_free(&mirror);
}

static void ratios_on_a_variant(void)
{
    for_each_execution(check_ratios);
}

static void each_tensor_has_its_ratio(void **state)
{
    (void)state;
    for_each_variant(ratios_on_a_variant);
}

/* One tensor whole, and in shards: these step by their own norms, other than the whole does. */
static void check_shards(const struct execution *execution, unsigned parts)
{
    enum { N = 3 * 4096, HALF = 2 * 4096 };
    static const struct shape shape = {.n = N};
    static float param[N], grad[N], expected[N], exp_avg[N], exp_avg_sq[N];
    const struct configuration *configuration = configuration_of("lamb weight_decay");
    const descend_lamb *config = &configuration->config.lamb;
    struct mirror whole = mirror_new(configuration);
    descend_optimizer *sharded;
    mirror_add(&whole, &shape, 1, ORDINARY, 1);
    for (size_t i = 0; i < N; i++)
        param[i] = whole.twin[0].given.array[PARAM][i] *= i < HALF ? 1 : 100;
    memcpy(whole.twin[0].plain.array[PARAM], param, sizeof param);
    memcpy(expected, param, sizeof param);
    memcpy(grad, whole.twin[0].given.array[GRAD], sizeof grad);
    memset(exp_avg, 0, sizeof exp_avg);
    memset(exp_avg_sq, 0, sizeof exp_avg_sq);
    const descend_tensor shards[] = {
        {.name = "w.0", .n = HALF, .param.data = param, .grad.data = grad},
        {.name = "w.1", .n = N - HALF, .first = HALF, .param.data = param + HALF, .grad.data = grad + HALF}};
    assert_int_equal(descend_optimizer_create(&sharded, &configuration->config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(sharded, 0, shards, 2), DESCEND_OK);
    for (unsigned number = 1; number <= 2; number++) {
        runs_of_a_call = 2;
        assert_int_equal(execution->make(step, sharded, parts), DESCEND_OK);
        runs_of_a_call = 1;
        for (size_t begin = 0, n = HALF; begin < N; begin += n, n = N - HALF)
            assert_int_equal(descend_lamb_step(config, number, expected + begin, grad + begin, exp_avg + begin,
                                               exp_avg_sq + begin, n, NULL),
                             DESCEND_OK);
        assert_int_equal(first_difference(param, expected, N), N);
        take_step(&whole, execution, parts, "whole");
    }
    assert_int_not_equal(first_difference(param, whole.twin[0].given.array[PARAM], HALF), HALF);
    descend_optimizer_destroy(sharded);
    mirror_free(&whole);
}

static void shards_step_by_their_own_norms(void **state)
{
    (void)state;
    for_each_execution(check_shards);
}

/* One infinite or NaN gradient, in the first or the last segment: its tensor is lost, the others are as without it. */
static void check_not_finite(const struct execution *execution, unsigned parts)
{
    static const float values[] = {INFINITY, -INFINITY, NAN, 0x1.fffffep127f};
    static const struct shape shapes[] = {
        {.n = 5000}, {.n = 12289, .copy = DESCEND_BF16}, {.n = 33}, {.n = 7, .absent = true}};
    for (size_t v = 0; v < COUNT(values); v++)
        for (unsigned last = 0; last < 2; last++) {
            struct mirror mirror = mirror_new(configuration_of("lamb")), sound = mirror_new(configuration_of("lamb"));
            mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
            mirror_add(&sound, shapes, COUNT(shapes), ORDINARY, 1);
            struct arrays *given = &mirror.twin[1].given, *plain = &mirror.twin[1].plain;
            const size_t bad = last ? shapes[1].n - 1 : 0;
            given->array[GRAD][bad] = plain->array[GRAD][bad] = values[v];
            for (unsigned number = 0; number < 2; number++) {
                take_step(&mirror, execution, parts, "not finite");
                take_step(&sound, execution, parts, "finite");
            }
            for (size_t t = 0; t < COUNT(shapes); t++)
                if (t != 1)
                    assert_same_arrays(&mirror.group[0], &mirror.twin[t].given, &sound.twin[t].given, "beside %a",
                                       (double)values[v]);
            if (isnan(values[v]))
                for (size_t i = 0; i < shapes[1].n; i++)
                    assert_true(isnan(given->array[PARAM][i])); /* the ratio is everyone's */
            mirror_free(&mirror);
            mirror_free(&sound);
        }
}

static void not_finite_on_a_variant(void)
{
    for_each_execution(check_not_finite);
}

static void what_is_not_finite_stays_in_its_tensor(void **state)
{
    (void)state;
    for_each_variant(not_finite_on_a_variant);
}

/* By every slice, before and after steps; the states are not initialised, the gradients not zeroed, the count not
 * taken. */
static void slices_are_refused(void **state)
{
    (void)state;
    static const struct shape shapes[] = {{.n = 12289, .copy = DESCEND_F16}, {.n = 5, .own_state = true}, {.n = 0}};
    static const double half = 0.5;
    static const descend_pass pass = {.grad_scale = &half, .zero_grad = true, .flush_subnormals = true};
    struct mirror mirror = mirror_new(configuration_of("lamb weight_decay"));
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (unsigned number = 0; number < 3; number++) {
        for (unsigned slices = 1; slices <= 4; slices++)
            for (unsigned slice = 0; slice < slices; slice++) {
                const descend_exec exec = {.slice = slice, .slices = slices};
                assert_int_equal(descend_optimizer_step(mirror.optimizer, &pass, &exec), DESCEND_NO_SLICES);
                assert_mirrored(&mirror, "slice %u of %u", slice, slices);
            }
        mirror_step(&mirror, NULL, NULL);
        assert_mirrored(&mirror, "after refusals");
    }
    mirror_free(&mirror);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tensor_has_its_ratio),
        cmocka_unit_test(shards_step_by_their_own_norms),
        cmocka_unit_test(what_is_not_finite_stays_in_its_tensor),
        cmocka_unit_test(slices_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
