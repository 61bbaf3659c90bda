/* SPDX-License-Identifier: MIT */
/* A step and a measurement may be made in parts: over some tensors at a time, over shards of each; the bits are those
 * of the whole. */
#include <string.h>

#include "executions.h"
#include "mirror.h"
#include "test.h"

static const struct shape shapes[] = {{.n = 5000},  {.n = 0}, {.n = 300, .absent = true},
                                      {.n = 20000}, {.n = 1}, {.n = 9000, .copy = DESCEND_BF16}};

/* Tensors `tensor` to `tensor + count` of an optimizer. */
struct some {
    descend_optimizer *optimizer;
    size_t tensor, count;
    descend_squares *segments;
};

static descend_status step_some(void *work, const descend_exec *exec)
{
    const struct some *some = work;
    return descend_optimizer_step_tensors(some->optimizer, some->tensor, some->count, NULL, exec);
}

/* In any order of ranges, tensor by tensor too, each executed in another way. */
static void check_ranges(const struct configuration *configuration)
{
    static const size_t ranges[][2] = {{3, 3}, {0, 0}, {0, 2}, {6, 0}, {2, 1}, {1, 0}};
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (unsigned turn = 0; turn < 2; turn++) {
        mirror_gradients(&mirror, ORDINARY, turn);
        mirror_expect(&mirror, NULL);
        for (size_t i = 0; i < (turn ? COUNT(shapes) : COUNT(ranges)); i++) {
            struct some some = {
                .optimizer = mirror.optimizer, .tensor = turn ? i : ranges[i][0], .count = turn ? 1 : ranges[i][1]};
            assert_int_equal(make_in_turn(step_some, &some, (unsigned)i + turn, configuration->in_slices), DESCEND_OK);
        }
        assert_mirrored(&mirror, "stepped in ranges");
    }
    mirror_free(&mirror);
}

static void stepped_in_ranges(void **state)
{
    (void)state;
    for_each_structure(check_ranges);
}

static void check_no_such_range(const struct configuration *configuration)
{
    static const size_t ranges[][2] = {
        {0, COUNT(shapes) + 1}, {COUNT(shapes), 1}, {COUNT(shapes) + 1, 0}, {1, SIZE_MAX}};
    struct mirror mirror = mirror_new(configuration);
    descend_squares segments[1] = {{-1, -1}};
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (size_t i = 0; i < COUNT(ranges); i++) {
        const size_t tensor = ranges[i][0], count = ranges[i][1];
        descend_optimizer *optimizer = mirror.optimizer;
        assert_int_equal(descend_optimizer_step_tensors(optimizer, tensor, count, NULL, NULL), DESCEND_BAD_TENSOR);
        assert_int_equal(descend_optimizer_squares(optimizer, tensor, count, NULL, segments), DESCEND_BAD_TENSOR);
        assert_mirrored(&mirror, "a range that is not there");
    }
    assert_true(segments[0].sum == -1);
    mirror_free(&mirror);
}

static void ranges_that_are_not_there(void **state)
{
    (void)state;
    for_each_structure(check_no_such_range);
    assert_int_equal(descend_optimizer_step_tensors(NULL, 0, 0, NULL, NULL), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_squares(NULL, 0, 0, NULL, NULL), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_segment_count(NULL, 0), 0);
}

/* A check says what a step would, and does nothing; also where a call is unfinished. */
static void check_check(const struct configuration *configuration)
{
    const double negative = -1;
    const descend_pass bad = {.grad_scale = &negative};
    const descend_exec slice = {.slice = 1, .slices = 2}, threads = {.threads = 2, .serial_below = 1};
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    descend_optimizer *optimizer = mirror.optimizer;
    assert_int_equal(descend_optimizer_check(optimizer, NULL, NULL), DESCEND_OK);
    assert_int_equal(descend_optimizer_check(optimizer, NULL, &threads), DESCEND_OK);
    assert_int_equal(descend_optimizer_check(optimizer, &bad, NULL), DESCEND_BAD_GRAD_SCALE);
    assert_int_equal(descend_optimizer_check(optimizer, NULL, &slice),
                     configuration->in_slices ? DESCEND_OK : DESCEND_NO_SLICES);
    assert_mirrored(&mirror, "checked");
    assert_int_equal(descend_optimizer_zero_grad(optimizer, &slice), DESCEND_OK);
    assert_int_equal(descend_optimizer_check(optimizer, NULL, NULL), DESCEND_UNFINISHED);
    assert_int_equal(descend_optimizer_abandon(optimizer), DESCEND_OK);
    mirror_free(&mirror);
}

static void checked_without_a_step(void **state)
{
    (void)state;
    for_each_structure(check_check);
    assert_int_equal(descend_optimizer_check(NULL, NULL, NULL), DESCEND_NULL_OPTIMIZER);
}

enum { WHOLE = 256 * 8192 - 100, SEGMENT = 8192, SMALL = 5000, SEGMENTS = 256 + 2 };

/* An optimizer of two tensors, the first of which is the elements [begin, end) of a large one. */
static descend_optimizer *optimizer_of(float *large, size_t begin, size_t end, float *small)
{
    static float param[WHOLE + SMALL];
    const descend_config sgd = descend_config_defaults(DESCEND_SGD);
    const descend_tensor tensors[] = {{.name = "large",
                                       .n = end - begin,
                                       .first = begin,
                                       .whole = WHOLE,
                                       .param.data = param + begin,
                                       .grad.data = large + begin},
                                      {.name = "small", .n = SMALL, .param.data = param + WHOLE, .grad.data = small}};
    descend_optimizer *optimizer;
    assert_int_equal(descend_optimizer_create(&optimizer, &sgd), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, tensors, COUNT(tensors)), DESCEND_OK);
    return optimizer;
}

static descend_status square_some(void *work, const descend_exec *exec)
{
    const struct some *some = work;
    return descend_optimizer_squares(some->optimizer, some->tensor, some->count, exec, some->segments);
}

static void assert_measured(const descend_squares *segments, const size_t *counts, const descend_measurement *expected)
{
    descend_measurement found;
    assert_int_equal(descend_squares_combine(segments, counts, 2, &found), DESCEND_OK);
    assert_memory_equal(&found.norm, &expected->norm, sizeof found.norm);
    assert_memory_equal(&found.norm_inf, &expected->norm_inf, sizeof found.norm_inf);
    assert_int_equal(found.finite, expected->finite);
}

/* Shards of the large tensor, the last with the small one. */
static void check_shards(float *large, float *small)
{
    static descend_squares segments[SEGMENTS];
    static const size_t cuts[] = {0, 3 * SEGMENT, 3 * SEGMENT, 200 * SEGMENT, WHOLE}, counts[] = {256, 2};
    descend_measurement expected;
    descend_optimizer *whole = optimizer_of(large, 0, WHOLE, small);
    assert_int_equal(descend_optimizer_measure(whole, NULL, &expected), DESCEND_OK);
    descend_optimizer_destroy(whole);
    size_t found = 0;
    for (size_t i = 0; i + 1 < COUNT(cuts); i++) {
        struct some some = {optimizer_of(large, cuts[i], cuts[i + 1], small), 0, i + 2 == COUNT(cuts) ? 2 : 1,
                            segments + found};
        assert_int_equal(make_in_turn(square_some, &some, (unsigned)i, true), DESCEND_OK);
        for (size_t t = 0; t < some.count; t++)
            found += descend_optimizer_segment_count(some.optimizer, t);
        assert_int_equal(descend_optimizer_segment_count(some.optimizer, 2), 0);
        descend_optimizer_destroy(some.optimizer);
    }
    assert_int_equal(found, SEGMENTS);
    assert_measured(segments, counts, &expected);
}

static void measured_in_shards(void **state)
{
    (void)state;
    static float large[WHOLE], small[SMALL];
    assert_int_equal(descend_segment_length(WHOLE), SEGMENT);
    for (unsigned seed = 0; seed < 3; seed++) {
        fill(large, WHOLE, ORDINARY, seed);
        fill(small, SMALL, ORDINARY, seed + 10);
        check_shards(large, small);
    }
    const float bad[] = {HUGE_VALF, NAN};
    for (size_t i = 0; i < COUNT(bad); i++) {
        large[WHOLE - 1] = bad[i];
        check_shards(large, small);
    }
}

/* Of an absent gradient: zeros, which do not change the norm. */
static void absent_counts_as_0(void **state)
{
    (void)state;
    static float large[WHOLE], small[SMALL];
    static const size_t counts[] = {256, 2};
    descend_squares segments[SEGMENTS];
    descend_measurement expected;
    fill(large, WHOLE, ORDINARY, 1);
    descend_optimizer *optimizer = optimizer_of(large, 0, WHOLE, small);
    memset(segments, 0xff, sizeof segments);
    assert_int_equal(descend_optimizer_set_grad(optimizer, 1, NULL), DESCEND_OK);
    assert_int_equal(descend_optimizer_measure(optimizer, NULL, &expected), DESCEND_OK);
    assert_int_equal(descend_optimizer_squares(optimizer, 0, 2, NULL, segments), DESCEND_OK);
    assert_true(segments[256].sum == 0 && segments[257].max == 0);
    assert_measured(segments, counts, &expected);
    descend_optimizer_destroy(optimizer);
}

static void nowhere_to_write(void **state)
{
    (void)state;
    static float large[WHOLE], small[SMALL];
    descend_squares segment = {1, 1};
    const size_t count = 1;
    descend_measurement found;
    descend_optimizer *optimizer = optimizer_of(large, 0, WHOLE, small);
    assert_int_equal(descend_optimizer_squares(optimizer, 0, 1, NULL, NULL), DESCEND_NULL_MEASUREMENT);
    assert_int_equal(descend_squares_combine(&segment, &count, 1, NULL), DESCEND_NULL_MEASUREMENT);
    assert_int_equal(descend_squares_combine(NULL, &count, 1, &found), DESCEND_NULL_MEASUREMENT);
    assert_int_equal(descend_squares_combine(&segment, NULL, 1, &found), DESCEND_NULL_MEASUREMENT);
    assert_int_equal(descend_squares_combine(NULL, NULL, 0, &found), DESCEND_OK);
    assert_true(found.norm == 0 && found.finite);
    descend_optimizer_destroy(optimizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stepped_in_ranges),      cmocka_unit_test(ranges_that_are_not_there),
        cmocka_unit_test(checked_without_a_step), cmocka_unit_test(measured_in_shards),
        cmocka_unit_test(absent_counts_as_0),     cmocka_unit_test(nowhere_to_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
