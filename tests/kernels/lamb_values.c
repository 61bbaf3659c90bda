/* SPDX-License-Identifier: MIT */
/* LAMB has the values of the paper's algorithm 2 in double, within the bounds of tests/support/bounded.h, and takes 0,
 * NaN and infinity where the formula does. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "plain_lamb.h"
#include "test.h"

static const size_t ns[] = {1, 15, 16, 17, 4095, 4096, 4097, 100000, LAMB_LARGE};

/* What the paper has of the whole tensor. */
struct paper {
    struct bounded *array[LAMB_ARRAYS], *update;
};

static struct bounded *bounded_new(size_t n)
{
    struct bounded *array = test_calloc(n, sizeof *array);
    assert_non_null(array);
    return array;
}

/* Up to rounding, the library's sum of n squares and this one are the same; each is wrong by less than n 2^-53, and the
 * root halves both. By the triangle inequality the norm of what float32 made of x is no farther from that of x than the
 * norm of the errors. */
static struct bounded norm(const struct bounded *x, size_t n)
{
    double squares = 0, errors = 0;
    for (size_t i = 0; i < n; i++) {
        squares += x[i].value * x[i].value;
        errors += x[i].error * x[i].error;
    }
    return (struct bounded){sqrt(squares), sqrt(errors) + sqrt(squares) * (double)n * 0x1p-53};
}

static void paper_step(const descend_lamb *c, uint64_t step, const struct arrays *before, struct paper *after)
{
    const size_t n = before->n;
    const double t = (double)step;
    for (size_t i = 0; i < n; i++) {
        const double sign = c->maximize ? -1 : 1;
        const struct bounded g = exact(sign * (double)before->array[GRAD][i]);
        struct bounded *p = &after->array[PARAM][i], *m = &after->array[EXP_AVG][i], *v = &after->array[EXP_AVG_SQ][i];
        *p = exact((double)before->array[PARAM][i]);
        *m = exact((double)before->array[EXP_AVG][i]);
        *v = exact((double)before->array[EXP_AVG_SQ][i]);
        *m = averaged(c->beta1, *m, g);
        *v = averaged_square(c->beta2, *v, g);
        /* the correction, the quotient */
        const struct bounded m_hat = rounded(2, over(*m, exact(1 - pow(c->beta1, t))));
        const struct bounded v_hat = over(*v, exact(1 - pow(c->beta2, t)));
        /* the root, its correction, their quotient */
        const struct bounded deviation = rounded(1, plus(rounded(3, root(v_hat)), rounded(1, exact(c->eps))));
        const struct bounded direction = rounded(1, over(m_hat, deviation));
        after->update[i] = c->weight_decay != 0 ? rounded(1, plus(direction, scaled(c->weight_decay, *p))) : direction;
    }
    const struct bounded of_param = norm(after->array[PARAM], n), of_update = norm(after->update, n);
    const struct bounded lr = times(exact(c->lr), over(of_param, of_update));
    for (size_t i = 0; i < n; i++) { /* the coefficient, its product */
        struct bounded *p = &after->array[PARAM][i];
        *p = rounded(1, minus(*p, rounded(2, times(lr, after->update[i]))));
    }
}

/* The largest errors of the step that was taken, in bounds. */
static void check_paper(const struct paper *expected, const struct arrays *got, uint64_t step,
                        double nearest[LAMB_ARRAYS])
{
    for (size_t k = 0; k < LAMB_ARRAYS; k++)
        for (size_t i = 0; k != GRAD && i < got->n; i++) {
            const struct bounded x = expected->array[k][i];
            const double error = fabs((double)got->array[k][i] - x.value);
            if (!(error <= x.error) || x.error == INFINITY)
                fail_msg("%s, step %" PRIu64 ": %s[%zu] of %zu is %a, the oracle's %a, the error %.3g bounds",
                         descend_isa_active(), step, lamb_names[k], i, got->n, (double)got->array[k][i], x.value,
                         error / x.error);
            if (error > 0)
                nearest[k] = fmax(nearest[k], error / x.error);
        }
}

static void run_paper(const descend_lamb *c, size_t n, double nearest[LAMB_ARRAYS])
{
    static const uint64_t steps[] = {1, 2, 3, 4, 1000, 100000};
    const size_t count = n == LAMB_LARGE ? 2 : COUNT(steps);
    struct arrays before = arrays_new(n), after = arrays_new(n);
    struct paper expected = {.update = bounded_new(n)};
    for (size_t k = 0; k < LAMB_ARRAYS; k++)
        expected.array[k] = bounded_new(n);
    lamb_begin(&after, n, false);
    for (size_t s = 0; s < count; s++) {
        fill(after.array[GRAD], n, ORDINARY, n + steps[s]);
        for (size_t i = 0; i < n; i++) /* one in a million is so small that its square has no bound */
            after.array[GRAD][i] = copysignf(fmaxf(fabsf(after.array[GRAD][i]), 0x1p-30f), after.array[GRAD][i]);
        lamb_copy(&before, &after);
        paper_step(c, steps[s], &before, &expected);
        assert_int_equal(lamb_step(c, steps[s], &after, NULL), DESCEND_OK);
        check_paper(&expected, &after, steps[s], nearest);
    }
    for (size_t k = 0; k < LAMB_ARRAYS; k++)
        test_free(expected.array[k]);
    test_free(expected.update);
    arrays_free(&before);
    arrays_free(&after);
}

/* One variant will do: the others have its bits. */
static void each_step_is_the_papers_within_the_bound_and_near_it(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 4; bits++) {
        const descend_lamb c = lamb_config_of(bits & 1, bits & 2);
        double nearest[LAMB_ARRAYS] = {0};
        for (size_t i = 0; i < COUNT(ns); i++)
            if (ns[i] < LAMB_LARGE || bits == 3)
                run_paper(&c, ns[i], nearest);
        for (size_t k = 0; k < LAMB_ARRAYS; k++)
            if (k != GRAD && !(nearest[k] >= 0.25))
                fail_msg("weight_decay %g, maximize %d: no error of %s comes nearer to the bound than %.2g of it",
                         c.weight_decay, c.maximize, lamb_names[k], nearest[k]);
    }
}

/* All elements the same, on every variant: the expected bits, and those of the plain step. */
static void check_uniform(const descend_lamb *c, const float start[LAMB_ARRAYS], float param)
{
    enum { N = 4096 + 33 };
    struct arrays before = arrays_new(N), expected = arrays_new(N), got = arrays_new(N);
    for (size_t k = 0; k < LAMB_ARRAYS; k++)
        for (size_t i = 0; i < N; i++)
            before.array[k][i] = start[k];
    lamb_copy(&expected, &before);
    plain_step(c, 1, &expected);
    for (size_t i = 0; i < N; i++)
        if (first_difference(&expected.array[PARAM][i], &param, 1) == 0)
            fail_msg("the plain step makes %a, not %a", (double)expected.array[PARAM][i], (double)param);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        lamb_copy(&got, &before);
        assert_int_equal(lamb_step(c, 1, &got, NULL), DESCEND_OK);
        assert_same_lamb(&expected, &got, "param %a, grad %a", (double)start[PARAM], (double)start[GRAD]);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    arrays_free(&before);
    arrays_free(&expected);
    arrays_free(&got);
}

/* The coefficients below are exact, and at step 1 the corrections undo them. */
static void the_ratio_is_1_where_a_norm_is_0(void **state)
{
    (void)state;
    descend_lamb c = {.lr = 0.25, .beta1 = 0.5, .beta2 = 0.75, .eps = 1};
    /* r = 3 / (3 + 1) */
    check_uniform(&c, (const float[LAMB_ARRAYS]){0, 3, 0, 0}, -0.25f * 0.75f);
    check_uniform(&c, (const float[LAMB_ARRAYS]){-0.0f, 3, 0, 0}, -0.25f * 0.75f);
    /* r = 0 */
    check_uniform(&c, (const float[LAMB_ARRAYS]){5, 0, 0, 0}, 5);
    check_uniform(&c, (const float[LAMB_ARRAYS]){5, 0, 0, 16}, 5);
    check_uniform(&c, (const float[LAMB_ARRAYS]){0, 0, 0, 0}, 0);
    /* the least of all p, and of all r: no norm is 0, for the squares are double */
    check_uniform(&c, (const float[LAMB_ARRAYS]){0x1p-149f, 3, 0, 0}, 0x1p-149f);
    c.beta1 = 0;
    c.lr = 0x1p-22;
    check_uniform(&c, (const float[LAMB_ARRAYS]){1, 0x1p-149f, 0, 0}, 1 - 0x1p-22f);
    /* with decay r = p / 2, the ratio 2 */
    c.lr = 0.25;
    c.weight_decay = 0.5;
    check_uniform(&c, (const float[LAMB_ARRAYS]){6, 0, 0, 0}, 4.5f);
    check_uniform(&c, (const float[LAMB_ARRAYS]){0, 0, 0, 0}, 0);
}

/* One odd value among ordinary ones. */
static const struct odd {
    const char *what;
    size_t array;
    float value;
    double weight_decay, eps;
    enum { FINITE, ONE_NAN, ALL_NAN, NONE_FINITE } after; /* the parameter */
} odd[] = {
    {"NaN parameter", PARAM, NAN, 0.013, 3e-8, ALL_NAN},
    {"NaN parameter, no decay", PARAM, NAN, 0, 3e-8, ALL_NAN},
    {"infinite parameter", PARAM, INFINITY, 0.013, 3e-8, ALL_NAN},
    {"infinite parameter, no decay", PARAM, -INFINITY, 0, 3e-8, ALL_NAN}, /* 0 times it is NaN */
    {"NaN gradient", GRAD, NAN, 0.013, 3e-8, ALL_NAN},
    {"infinite gradient", GRAD, -INFINITY, 0.013, 3e-8, ALL_NAN},  /* its m over its v */
    {"infinite average", EXP_AVG, INFINITY, 0.013, 3e-8, ONE_NAN}, /* the ratio is 0, which it multiplies */
    {"infinite average of squares", EXP_AVG_SQ, INFINITY, 0.013, 3e-8, FINITE},
    {"NaN average of squares", EXP_AVG_SQ, NAN, 0, 3e-8, ALL_NAN},
    {"negative average of squares", EXP_AVG_SQ, -1e30f, 0, 3e-8, ALL_NAN},
    {"parameter whose square float32 does not hold", PARAM, FLT_MAX, 0.013, 3e-8, FINITE},
    {"coefficient beyond float32", PARAM, FLT_MAX, 0, 1e38, NONE_FINITE},
};

static void check_odd(const struct odd *o, size_t n, size_t where)
{
    descend_lamb c = lamb_config_of(false, false);
    struct arrays expected = arrays_new(n), got = arrays_new(n);
    c.weight_decay = o->weight_decay;
    c.eps = o->eps;
    lamb_begin(&expected, n, true);
    expected.array[o->array][where] = o->value;
    lamb_copy(&got, &expected);
    plain_step(&c, 5, &expected);
    for (size_t i = 0; i < n; i++) {
        const float p = expected.array[PARAM][i];
        const bool right = o->after == NONE_FINITE                                      ? !isfinite(p)
                           : o->after == ALL_NAN || (o->after == ONE_NAN && i == where) ? isnan(p)
                                                                                        : isfinite(p);
        if (!right)
            fail_msg("%s: the plain step makes param[%zu] of %zu %a", o->what, i, n, (double)p);
    }
    const descend_exec threads = {.threads = 3, .serial_below = 1};
    assert_int_equal(lamb_step(&c, 5, &got, &threads), DESCEND_OK);
    assert_same_lamb(&expected, &got, "%s, in element %zu", o->what, where);
    arrays_free(&expected);
    arrays_free(&got);
}

static void what_is_not_finite_goes_where_the_formula_takes_it(void **state)
{
    (void)state;
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < COUNT(odd); i++) {
            check_odd(&odd[i], 17, 16);
            check_odd(&odd[i], 3 * 4096 + 5, 0);
            check_odd(&odd[i], 3 * 4096 + 5, 4096 + 7);
            check_odd(&odd[i], 3 * 4096 + 5, 3 * 4096 + 4);
        }
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* Everything at once: which elements of the averages are NaN. */
static void special_values(void **state)
{
    (void)state;
    enum { N = 2 * 4096 + 61 };
    struct arrays expected = arrays_new(N), got = arrays_new(N);
    for (const char *const *variant = variants(); *variant; variant++)
        for (unsigned bits = 0; bits < 4; bits++) {
            const descend_lamb c = lamb_config_of(bits & 1, bits & 2);
            assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
            for (size_t k = 0; k < LAMB_ARRAYS; k++)
                fill(expected.array[k], N, SPECIAL, 10 * bits + k);
            lamb_copy(&got, &expected);
            plain_step(&c, 2, &expected);
            assert_int_equal(lamb_step(&c, 2, &got, NULL), DESCEND_OK);
            assert_same_lamb(&expected, &got, "bits %u", bits);
        }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    arrays_free(&expected);
    arrays_free(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_the_papers_within_the_bound_and_near_it),
        cmocka_unit_test(the_ratio_is_1_where_a_norm_is_0),
        cmocka_unit_test(what_is_not_finite_goes_where_the_formula_takes_it),
        cmocka_unit_test(special_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
