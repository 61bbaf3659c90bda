/* SPDX-License-Identifier: MIT */
/*
 * Each step agrees with the paper's formula in double, within what rounding to float32 explains.
 *
 * The oracles are in tests/support/rules/<name>.h, what the bounds are and why in tests/support/bounded.h. A run is a
 * chain of steps, so that the states are what training makes of them; each step is compared on its own, from the
 * float32 values before it. No bound has room to spare: errors come near it, which is tested too.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "test.h"

/* The errors found in one run. */
struct tally {
    double nearest[ARRAYS];     /* the largest error, in bounds */
    bool inexact[ARRAYS];       /* some bound is not 0 */
    size_t elements, unbounded; /* of them without a bound for some array */
    size_t nans;                /* values without a bound that are NaN */
};

/* The arrays after the step, from the element before it. */
static void consult_oracle(const struct configuration *configuration, uint64_t step, const struct arrays *before,
                           size_t i, struct bounded expected[ARRAYS])
{
    for (size_t k = 0; k < ARRAYS; k++)
        expected[k] = exact((double)before->array[k][array_length(configuration, k, before->n) == 1 ? 0 : i]);
    configuration->oracle(configuration->config.room, (double)step, &expected[PARAM], expected[GRAD], expected + STATE);
}

/* An element without a bound counts, and does not take the step: its NaN would soon be everywhere. */
static void check_step(const struct configuration *configuration, const char *variant, uint64_t step,
                       const struct arrays *before, struct arrays *after, struct tally *tally)
{
    struct bounded expected[ARRAYS];
    for (size_t i = 0; i < after->n; i++) {
        consult_oracle(configuration, step, before, i, expected);
        bool unbounded = false;
        for (size_t k = 0; k < STATE + configuration->states; k++) {
            if (!array_written(configuration, k) || i >= array_length(configuration, k, after->n))
                continue;
            if (k == PARAM && !configuration->in_slices)
                continue; /* it is not a matter of one element: tests/kernels/lamb.c */
            const double got = (double)after->array[k][i], error = fabs(got - expected[k].value);
            tally->inexact[k] |= expected[k].error > 0;
            if (expected[k].error == INFINITY) {
                unbounded = true;
                tally->nans += isnan(got) != 0;
                after->array[k][i] = before->array[k][i];
            } else if (!(error <= expected[k].error))
                fail_msg("%s, %s, step %" PRIu64 ": %s[%zu] is %a, the oracle's %a, the error %.3g bounds", variant,
                         configuration->label, step, array_name(configuration, k), i, got, expected[k].value,
                         error / expected[k].error);
            else if (error > 0)
                tally->nearest[k] = fmax(tally->nearest[k], error / expected[k].error);
        }
        tally->elements++;
        tally->unbounded += unbounded;
    }
}

/* The gradient of a step, from the seed. */
typedef void gradient_kind(float *grad, size_t n, uint64_t seed, uint64_t step);

static void fresh(float *grad, size_t n, uint64_t seed, uint64_t step)
{
    fill(grad, n, ORDINARY, seed + step);
}

/* The same at all steps but for a little noise, of another size from element to element: the variance of the gradient
 * is then a small difference of large numbers. */
static void steady(float *grad, size_t n, uint64_t seed, uint64_t step)
{
    uint64_t noise = seed + step;
    fill(grad, n, ORDINARY, seed);
    for (size_t i = 0; i < n; i++) {
        const double between_0_and_1 = (double)(random_bits(&noise) >> 11) * 0x1p-53;
        grad[i] *= (float)(1 + ldexp(between_0_and_1, -(int)(i % 12)));
    }
}

static struct tally run(const struct configuration *configuration, const char *variant, size_t n,
                        gradient_kind *gradient, const uint64_t *steps, size_t step_count)
{
    enum { SEED = 1 << 20 };
    struct arrays before = arrays_new(n), after = arrays_new(n);
    struct tally tally = {.elements = 0};
    assert_int_equal(descend_isa_force(variant), DESCEND_OK);
    fill(after.array[PARAM], n, ORDINARY, SEED);
    for (size_t k = 0; k < configuration->states; k++)
        for (size_t i = 0; i < n; i++)
            after.array[STATE + k][i] = descend_config_initial(&configuration->config, k);
    for (size_t s = 0; s < step_count; s++) {
        gradient(after.array[GRAD], n, SEED, steps[s]);
        for (size_t k = 0; k < STATE + configuration->states; k++)
            memcpy(before.array[k], after.array[k], n * sizeof(float));
        assert_int_equal(arrays_step(configuration, steps[s], &after, NULL), DESCEND_OK);
        arrays_advance(configuration, steps[s], &after);
        check_step(configuration, variant, steps[s], &before, &after, &tally);
    }
    arrays_free(&before);
    arrays_free(&after);
    return tally;
}

static void each_step_is_within_the_bound_and_near_it(void **state)
{
    (void)state;
    static const uint64_t steps[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1000, 1001, 100000, 100001};
    size_t count;
    const struct configuration *all = configurations(&count);
    for (const char *const *variant = variants(); *variant; variant++)
        for (size_t i = 0; i < count; i++) {
            const struct tally tally = run(&all[i], *variant, 257, fresh, steps, sizeof steps / sizeof *steps);
            if (tally.unbounded > 0)
                fail_msg("%s, %s: %zu of %zu elements have no bound", *variant, all[i].label, tally.unbounded,
                         tally.elements);
            for (size_t k = 0; k < STATE + all[i].states; k++) {
                if (tally.inexact[k] && !(tally.nearest[k] >= 0.25))
                    fail_msg("%s, %s: no error of %s comes nearer to the bound than %.2g of it", *variant, all[i].label,
                             array_name(&all[i], k), tally.nearest[k]);
            }
        }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* Where the bound says that rounding may have made the variance negative, and only there, the parameter may be NaN. */
static void a_centered_variance_that_all_but_vanishes(void **state)
{
    (void)state;
    enum { STEPS = 500 };
    static uint64_t steps[STEPS];
    size_t count, nans = 0;
    const struct configuration *all = configurations(&count);
    for (size_t s = 0; s < STEPS; s++)
        steps[s] = s + 1;
    for (const char *const *variant = variants(); *variant; variant++)
        for (size_t i = 0; i < count; i++) {
            if (!strstr(all[i].label, "centered"))
                continue;
            const struct tally tally = run(&all[i], *variant, 36, steady, steps, STEPS);
            if (tally.unbounded > tally.elements / 16)
                fail_msg("%s, %s: %zu of %zu elements have no bound", *variant, all[i].label, tally.unbounded,
                         tally.elements);
            nans += tally.nans;
        }
    assert_true(nans > 0); /* else this has tested nothing */
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_is_within_the_bound_and_near_it),
        cmocka_unit_test(a_centered_variance_that_all_but_vanishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
