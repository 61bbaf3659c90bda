/* SPDX-License-Identifier: MIT */
/* What measure finds: the norm of rule 7 bit by bit on every variant and in every split, near the true norm; the
 * largest magnitude; Inf and NaN wherever they are; and it changes nothing. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "executions.h"
#include "mirror.h"
#include "numerics.h"
#include "sanitizers.h"
#include "test.h"

/* Plain SGD over gradients of these sizes; parameters are not looked at, so that one array of them will do. */
enum { TENSORS_MAX = 1000 };
struct gradients {
    descend_optimizer *optimizer;
    float *param, *grad[TENSORS_MAX];
    size_t n[TENSORS_MAX], count;
};

static void gradients_new(struct gradients *of, const size_t *ns, size_t count)
{
    const descend_sgd config = descend_sgd_defaults();
    size_t sum = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        sum += ns[i];
    assert_non_null(of->param = malloc((sum + 1) * sizeof *of->param));
    assert_int_equal(descend_optimizer_create(&of->optimizer, &(descend_config){.kind = DESCEND_SGD, .sgd = config}),
                     DESCEND_OK);
    of->count = count;
    for (size_t i = 0; i < count; at += ns[i++]) {
        char name[24];
        snprintf(name, sizeof name, "%zu", i);
        of->n[i] = ns[i];
        assert_non_null(of->grad[i] = calloc(ns[i] + 1, sizeof(float)));
        const descend_tensor tensor = {
            .name = name, .n = ns[i], .param.data = of->param + at, .grad.data = of->grad[i]};
        assert_int_equal(descend_optimizer_add(of->optimizer, 0, &tensor, 1), DESCEND_OK);
    }
}

static void gradients_fill(struct gradients *of, uint64_t seed)
{
    for (size_t i = 0; i < of->count; i++)
        fill(of->grad[i], of->n[i], ORDINARY, seed + i);
}

/* A first square that swallows others added to it: what the sum is says which were. */
static void gradients_swallow(struct gradients *of)
{
    for (size_t i = 0; i < of->count; i++)
        for (size_t j = 0; j < of->n[i]; j++)
            of->grad[i][j] = j == 0 ? 0x1p27f : 1;
}

static void gradients_free(struct gradients *of)
{
    descend_optimizer_destroy(of->optimizer);
    free(of->param);
    for (size_t i = 0; i < of->count; i++)
        free(of->grad[i]);
}

/* What a measurement has to be, from plain loops. */
static descend_measurement expected_of(const struct gradients *of)
{
    descend_measurement expected = {.finite = true};
    for (size_t i = 0; i < of->count; i++)
        for (size_t j = 0; of->grad[i] && j < of->n[i]; j++) {
            const double x = fabs((double)of->grad[i][j]);
            expected.finite = expected.finite && isfinite(x);
            if (isnan(x) || x > expected.norm_inf)
                expected.norm_inf = x;
        }
    expected.norm = norm_of((const float *const *)of->grad, of->n, of->count);
    return expected;
}

static void assert_found(const descend_measurement *found, const descend_measurement *expected, const char *what,
                         const char *execution, unsigned parts)
{
    const bool norm =
        expected->finite ? memcmp(&found->norm, &expected->norm, sizeof found->norm) == 0 : !isfinite(found->norm);
    const bool norm_inf =
        found->norm_inf == expected->norm_inf || (isnan(found->norm_inf) && isnan(expected->norm_inf));
    if (!norm || !norm_inf || found->finite != expected->finite)
        fail_msg("%s, %s, %s in %u: norm %a, largest %a, finite %d, not %a, %a, %d", descend_isa_active(), what,
                 execution, parts, found->norm, found->norm_inf, found->finite, expected->norm, expected->norm_inf,
                 expected->finite);
}

struct measuring {
    descend_optimizer *optimizer;
    descend_measurement found;
};

static descend_status measure(void *work, const descend_exec *exec)
{
    struct measuring *measuring = work;
    return descend_optimizer_measure(measuring->optimizer, exec, &measuring->found);
}

/* With every execution, on every ISA. */
static void check_everywhere(const struct gradients *of, unsigned least, unsigned most, const char *what)
{
    const descend_measurement expected = expected_of(of);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(THREAD_SANITIZER ? "scalar" : *variant), DESCEND_OK);
        for (const struct execution *execution = executions; execution->name; execution++)
            for (unsigned parts = least; parts <= most; parts++) {
                struct measuring measuring = {of->optimizer, {-1, -1, false}};
                assert_int_equal(execution->make(measure, &measuring, parts), DESCEND_OK);
                assert_found(&measuring.found, &expected, what, execution->name, parts);
            }
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

static void check_sizes(const size_t *ns, size_t count, unsigned least, unsigned most, const char *what)
{
    struct gradients of;
    gradients_new(&of, ns, count);
    gradients_fill(&of, count);
    check_everywhere(&of, least, most, what);
    gradients_swallow(&of);
    check_everywhere(&of, least, most, what);
    gradients_free(&of);
}

static void the_norm_of_rule_7(void **state)
{
    (void)state;
    static const size_t mixed[] = {0, 1, 4095, 4096, 4097, 0, 15, 16, 17, 12288, 12289, 40000, 3, 0};
    static const size_t wide[] = {1048576, 1048577, 5}; /* segments of 4096 and of 8192 */
    static const size_t nothing[] = {0, 0};
    size_t small[TENSORS_MAX];
    for (size_t i = 0; i < TENSORS_MAX; i++)
        small[i] = i % 67;
    check_sizes(mixed, COUNT(mixed), 1, WAYS_PARTS, "mixed sizes");
    check_sizes(wide, COUNT(wide), 2, 3, "wide segments");
    check_sizes(small, TENSORS_MAX, 2, 5, "small tensors");
    check_sizes(nothing, COUNT(nothing), 1, 2, "empty tensors");
    for (size_t n = 1; n <= 70; n++)
        check_sizes(&n, 1, 1, 2, "one tensor");
}

/* The squares are exact in double, and n additions of positive numbers are wrong by n·2^-53 relative at most. Here n is
 * 512 in a lane, then 16 lanes, 129 segments and 4 tensors: 7.4e-14, which the root halves. */
static void near_the_true_norm(void **state)
{
    (void)state;
    static const size_t ns[] = {1048577, 100001, 4096, 1};
    struct gradients of;
    gradients_new(&of, ns, COUNT(ns));
    for (uint64_t seed = 0; seed < 4; seed++) {
        long double sum = 0;
        descend_measurement found;
        gradients_fill(&of, seed);
        for (size_t i = 0; i < COUNT(ns); i++)
            for (size_t j = 0; j < ns[i]; j++)
                sum += (long double)of.grad[i][j] * (long double)of.grad[i][j];
        assert_int_equal(descend_optimizer_measure(of.optimizer, NULL, &found), DESCEND_OK);
        const long double norm = sqrtl(sum);
        if (!(fabsl(found.norm - norm) <= 1e-12L * norm))
            fail_msg("the norm is %a, not %La", found.norm, norm);
    }
    gradients_free(&of);
}

static void check_value_at(struct gradients *of, size_t tensor, size_t index, float value)
{
    descend_measurement found, expected;
    float *const x = &of->grad[tensor][index], before = *x;
    *x = value;
    expected = expected_of(of);
    assert_int_equal(descend_optimizer_measure(of->optimizer, NULL, &found), DESCEND_OK);
    assert_found(&found, &expected, "one special value", "the defaults", 1);
    *x = before;
}

/* At every index of short tensors, and in every lane at both ends of each segment of longer ones. */
static void infinities_and_nans_anywhere(void **state)
{
    (void)state;
    static const size_t ns[] = {1, 70, 0, 4097, 16, 2 * 4096 + 37};
    static const float values[] = {NAN, INFINITY, -INFINITY, FLT_MAX, -FLT_MAX, 0x1p-149f};
    struct gradients of;
    gradients_new(&of, ns, COUNT(ns));
    gradients_fill(&of, 1);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < COUNT(ns); i++)
            for (size_t j = 0; j < ns[i]; j++)
                for (size_t v = 0; v < COUNT(values) && (j % 4096 < 40 || j % 4096 >= 4076 || j + 40 > ns[i]); v++)
                    check_value_at(&of, i, j, values[v]);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    gradients_free(&of);
}

/* A NaN hides behind no infinity, before or behind it; extreme finite gradients are finite. */
static void several_special_values(void **state)
{
    (void)state;
    static const size_t ns[] = {5000, 37, 9000};
    static const float values[] = {NAN, INFINITY, FLT_MAX, 0x1p-149f, -0.0f};
    struct gradients of;
    gradients_new(&of, ns, COUNT(ns));
    for (size_t v = 0; v < COUNT(values); v++)
        for (size_t w = 0; w < COUNT(values); w++) {
            for (size_t i = 0; i < COUNT(ns); i++)
                for (size_t j = 0; j < ns[i]; j++)
                    of.grad[i][j] = v == w ? values[v] : 0;
            of.grad[0][17] = of.grad[2][8999] = values[v];
            of.grad[0][18] = of.grad[1][17] = values[w];
            check_everywhere(&of, 2, 2, "two special values");
        }
    gradients_free(&of);
}

static void absent_gradients_are_left_out(void **state)
{
    (void)state;
    static const size_t ns[] = {100, 4097, 33, 5000};
    for (unsigned absent = 0; absent < 16; absent++) {
        struct gradients of;
        gradients_new(&of, ns, COUNT(ns));
        gradients_fill(&of, 1);
        of.grad[3][4999] = NAN;
        for (size_t i = 0; i < COUNT(ns); i++)
            if (absent >> i & 1) {
                assert_int_equal(descend_optimizer_set_grad(of.optimizer, i, NULL), DESCEND_OK);
                free(of.grad[i]);
                of.grad[i] = NULL;
            }
        check_everywhere(&of, 1, 2, "absent gradients");
        gradients_free(&of);
    }
}

/* Where Inf or NaN was found and the caller skips the step, all is as it was; the next step is as if nothing were. */
static void check_skipped_step(const struct configuration *configuration)
{
    static const struct shape shapes[] = {
        {.n = 40, .copy = DESCEND_BF16}, {.n = 5000, .own_state = true, .step = 2}, {.n = 7, .absent = true}};
    static const float values[] = {NAN, INFINITY, -INFINITY};
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (size_t v = 0; v < COUNT(values); v++) {
        descend_measurement found;
        mirror_gradients(&mirror, ORDINARY, v);
        mirror_step(&mirror, NULL, NULL);
        mirror.twin[1].given.array[GRAD][4999] = mirror.twin[1].plain.array[GRAD][4999] = values[v];
        assert_int_equal(descend_optimizer_measure(mirror.optimizer, NULL, &found), DESCEND_OK);
        assert_false(found.finite);
        assert_mirrored(&mirror, "a skipped step");
    }
    mirror_free(&mirror);
}

static void a_skipped_step_changes_nothing(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        check_skipped_step(&all[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_norm_of_rule_7),
        cmocka_unit_test(near_the_true_norm),
        cmocka_unit_test(infinities_and_nans_anywhere),
        cmocka_unit_test(several_special_values),
        cmocka_unit_test(absent_gradients_are_left_out),
        cmocka_unit_test(a_skipped_step_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
