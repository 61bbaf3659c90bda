/* SPDX-License-Identifier: MIT */
/* The loss scaler takes the steps of torch's GradScaler, and the clip coefficient is that of its clip_grad_norm_. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "data.h"
#include "descend/scaler.h"
#include "test.h"

/* torch's rule, written down from its documentation and its behaviour: _amp_update_scale_ of 1.13 runs on GPUs only.
 * float32 and int32 as there; factors are double; a product is rounded when it is stored. */
struct torch_scaler {
    float scale;
    int32_t tracker;
};

static void torch_update(struct torch_scaler *torch, double growth, double backoff, int32_t interval, bool found_inf)
{
    const int32_t good_steps = found_inf ? 0 : torch->tracker + 1;
    const bool grows = good_steps == interval;
    const float scaled = (float)((double)torch->scale * (grows ? growth : backoff));
    if (found_inf || (grows && scaled <= FLT_MAX))
        torch->scale = scaled;
    torch->tracker = grows ? 0 : good_steps;
}

static void update(descend_scaler *scaler, bool found_inf)
{
    assert_int_equal(descend_scaler_update(scaler, found_inf), DESCEND_OK);
}

static void assert_state(const descend_scaler *scaler, double scale, uint64_t tracker)
{
    if (scaler->scale != scale || scaler->growth_tracker != tracker)
        fail_msg("scale %a after %" PRIu64 " good steps, not %a after %" PRIu64, scaler->scale, scaler->growth_tracker,
                 scale, tracker);
}

static void steps_are_those_of_torch(void **state)
{
    (void)state;
    static const struct {
        double growth, backoff;
        int32_t interval;
        float scale;
        unsigned infinities; /* one in how many steps has one */
    } cases[] = {
        {2, 0.5, 2000, 0x1p16f, 3000},  {2, 0.5, 7, 0x1p16f, 9},     {1.7, 0.3, 5, 12345.678f, 11},
        {1.0001, 0.9, 1, 0x1p120f, 50}, {3, 0.1, 2, FLT_MIN, 2},     {0x1p300, 0x1p-149, 3, 1, 40},
        {1.001, 0.999, 1, 0.1f, 3},     {2, 0.5, 1, FLT_MAX, 10000},
    };
    uint64_t seed = 1;
    for (size_t i = 0; i < COUNT(cases); i++) {
        descend_scaler scaler = {cases[i].scale, cases[i].growth, cases[i].backoff, (uint64_t)cases[i].interval, 0};
        struct torch_scaler torch = {cases[i].scale, 0};
        for (int step = 0; step < 20000 && torch.scale > 0; step++) {
            const bool found_inf = random_bits(&seed) % cases[i].infinities == 0;
            torch_update(&torch, cases[i].growth, cases[i].backoff, cases[i].interval, found_inf);
            update(&scaler, found_inf);
            assert_state(&scaler, torch.scale, (uint64_t)torch.tracker);
        }
    }
}

static void defaults(void **state)
{
    (void)state;
    const descend_scaler scaler = descend_scaler_defaults();
    assert_true(scaler.scale == 65536 && scaler.growth_factor == 2 && scaler.backoff_factor == 0.5);
    assert_int_equal(scaler.growth_interval, 2000);
    assert_int_equal(scaler.growth_tracker, 0);
}

static void grows_after_2000_steps_in_a_row(void **state)
{
    (void)state;
    descend_scaler scaler = descend_scaler_defaults();
    for (uint64_t step = 1; step < 2000; step++) {
        update(&scaler, false);
        assert_state(&scaler, 65536, step);
    }
    update(&scaler, true);
    assert_state(&scaler, 32768, 0);
    for (uint64_t step = 1; step < 2000; step++)
        update(&scaler, false);
    assert_state(&scaler, 32768, 1999);
    update(&scaler, false);
    assert_state(&scaler, 65536, 0);
    update(&scaler, false);
    assert_state(&scaler, 65536, 1);
}

static void stops_growing_at_the_largest_float(void **state)
{
    (void)state;
    descend_scaler scaler = descend_scaler_defaults();
    scaler.growth_interval = 2;
    scaler.scale = 0x1p126;
    update(&scaler, false);
    update(&scaler, false);
    assert_state(&scaler, 0x1p127, 0);
    for (uint64_t step = 1; step <= 5; step++) {
        update(&scaler, false);
        assert_state(&scaler, 0x1p127, step % 2);
    }
    update(&scaler, true);
    assert_state(&scaler, 0x1p126, 0);
}

/* As torch's: through the subnormal numbers to 0, whose half is no scale any more. */
static void backs_off_below_normal_numbers(void **state)
{
    (void)state;
    descend_scaler scaler = descend_scaler_defaults();
    for (int exponent = 15; exponent >= -149; exponent--) {
        update(&scaler, true);
        assert_state(&scaler, ldexp(1, exponent), 0);
    }
    update(&scaler, true);
    assert_state(&scaler, 0, 0);
    assert_int_equal(descend_scaler_update(&scaler, true), DESCEND_BAD_SCALE);
    assert_int_equal(descend_scaler_update(&scaler, false), DESCEND_BAD_SCALE);
    assert_state(&scaler, 0, 0);
}

static const descend_scaler good = {0x1p16, 2, 0.5, 2000, 7};

static void assert_refused(descend_scaler scaler, descend_status status)
{
    for (int found_inf = 0; found_inf <= 1; found_inf++) {
        descend_scaler after = scaler;
        const descend_status actual = descend_scaler_update(&after, found_inf);
        if (actual != status || memcmp(&after, &scaler, sizeof scaler) != 0)
            fail_msg("%a, %a, %a, %" PRIu64 ", %" PRIu64 ": status %d, not %d; or changed", scaler.scale,
                     scaler.growth_factor, scaler.backoff_factor, scaler.growth_interval, scaler.growth_tracker,
                     (int)actual, (int)status);
    }
}

/* A scaler that is valid but for the factor at this offset is refused, with each of these values. */
static void assert_factors_refused(size_t offset, const double *values, size_t count, descend_status status)
{
    for (size_t i = 0; i < count; i++) {
        descend_scaler bad = good;
        memcpy((char *)&bad + offset, &values[i], sizeof values[i]);
        assert_refused(bad, status);
    }
}

static void bad_values_are_refused_and_stay(void **state)
{
    (void)state;
    static const double scales[] = {NAN, INFINITY, -INFINITY, 0, -0.0, -1, 0.1, 0x1p128, 0x1p-150, 0x1.000001p0};
    static const double growths[] = {NAN, INFINITY, -INFINITY, 1, 0.5, 0, -2};
    static const double backoffs[] = {NAN, INFINITY, -INFINITY, 1, 2, 0, -0.0, -0.5};
    static const uint64_t counts[][2] = {{0, 0}, {2000, 2000}, {2000, UINT64_MAX}}; /* interval, tracker */

    assert_int_equal(descend_scaler_update(NULL, false), DESCEND_NULL_SCALER);
    assert_int_equal(descend_scaler_update(NULL, true), DESCEND_NULL_SCALER);
    assert_factors_refused(offsetof(descend_scaler, scale), scales, COUNT(scales), DESCEND_BAD_SCALE);
    assert_factors_refused(offsetof(descend_scaler, growth_factor), growths, COUNT(growths), DESCEND_BAD_GROWTH_FACTOR);
    assert_factors_refused(offsetof(descend_scaler, backoff_factor), backoffs, COUNT(backoffs),
                           DESCEND_BAD_BACKOFF_FACTOR);
    for (size_t i = 0; i < COUNT(counts); i++) {
        descend_scaler bad = good;
        bad.growth_interval = counts[i][0];
        bad.growth_tracker = counts[i][1];
        assert_refused(bad, i == 0 ? DESCEND_BAD_GROWTH_INTERVAL : DESCEND_BAD_GROWTH_TRACKER);
    }
}

static void edges_of_the_ranges_are_accepted(void **state)
{
    (void)state;
    descend_scaler edge = {FLT_MAX, 1 + DBL_EPSILON, 1 - DBL_EPSILON / 2, 1, 0};
    update(&edge, false);
    update(&edge, true);
    assert_state(&edge, FLT_MAX, 0); /* rounded to float32, such a change is none */
    edge = (descend_scaler){FLT_TRUE_MIN, DBL_MAX, DBL_TRUE_MIN, UINT64_MAX, UINT64_MAX - 1};
    update(&edge, false);
    assert_state(&edge, FLT_TRUE_MIN, 0);
}

/* In float32 as torch computes it: max_norm times the reciprocal of norm + 1e-6, at most 1. */
static float torch_coefficient(double max_norm, float norm)
{
    const float reciprocal = 1 / (norm + 1e-6f);
    const float coefficient = reciprocal * (float)max_norm;
    return coefficient > 1 ? 1 : coefficient;
}

/* torch rounds to float32 five times: max_norm, 1e-6, the sum, the reciprocal and the product. */
static void clip_coefficient_is_that_of_torch(void **state)
{
    (void)state;
    static const double max_norms[] = {0, 1e-8, 0.1, 1, 2.5, 1e4}, edges[] = {0, 1e-30, 1e-7, 1e-6, 0.1, 1, 1e30};
    uint64_t seed = 1;
    for (size_t i = 0; i < COUNT(max_norms); i++)
        for (size_t j = 0; j < COUNT(edges) + 1000; j++) {
            const float norm = j < COUNT(edges) ? (float)edges[j] : ldexpf((float)(random_bits(&seed) >> 40), -20);
            const double actual = descend_clip_coefficient(max_norms[i], norm);
            const double expected = torch_coefficient(max_norms[i], norm);
            if (!(fabs(actual - expected) <= 5 * (FLT_EPSILON / 2) * expected + FLT_TRUE_MIN))
                fail_msg("max_norm %a, norm %a: %a, torch's is %a", max_norms[i], (double)norm, actual, expected);
        }
    assert_true(descend_clip_coefficient(1, 1) == 1 / (1 + 1e-6)); /* not quite 1, as in torch */
    assert_true(descend_clip_coefficient(1, 1 - 1e-5) == 1 && descend_clip_coefficient(1, 0) == 1);
    assert_true(descend_clip_coefficient(INFINITY, 1e300) == 1 && descend_clip_coefficient(3, INFINITY) == 0);
}

static void clip_coefficient_hides_no_nan(void **state)
{
    (void)state;
    static const double bad[] = {NAN, -1, -INFINITY, -DBL_TRUE_MIN};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_true(isnan(descend_clip_coefficient(bad[i], 1)));
        assert_true(isnan(descend_clip_coefficient(1, bad[i])));
    }
    assert_true(isnan(descend_clip_coefficient(INFINITY, INFINITY)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_those_of_torch),         cmocka_unit_test(defaults),
        cmocka_unit_test(grows_after_2000_steps_in_a_row),  cmocka_unit_test(stops_growing_at_the_largest_float),
        cmocka_unit_test(backs_off_below_normal_numbers),   cmocka_unit_test(bad_values_are_refused_and_stay),
        cmocka_unit_test(edges_of_the_ranges_are_accepted), cmocka_unit_test(clip_coefficient_is_that_of_torch),
        cmocka_unit_test(clip_coefficient_hides_no_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
