/* SPDX-License-Identifier: MIT */
/* LAMB has the bits of the plain step, on every variant and however the work is shared out; slices are refused. */
#include <inttypes.h>
#include <math.h>
#include <stddef.h>

#include "executions.h"
#include "plain_lamb.h"
#include "test.h"

enum { OFFSETS = 16 };

static const size_t ns[] = {1, 15, 16, 17, 4095, 4096, 4097, 100000, LAMB_LARGE};

/*
 * Of the rates near this one, that whose product with the ratio comes first after the middle between two float32
 * numbers, or last before it. With it a ratio that is wrong by some units in the last place of a double, as it is where
 * squares are added in another order, rounds to another float32 coefficient. The ratio itself does not depend on lr.
 */
static double sharp_lr(double lr, double ratio, bool after)
{
    const float below = (float)(lr * ratio);
    const double middle = ((double)below + (double)nextafterf(below, INFINITY)) / 2;
    lr = middle / ratio;
    if (after) {
        while (lr * ratio > middle)
            lr = nextafter(lr, 0);
        while (lr * ratio <= middle)
            lr = nextafter(lr, INFINITY);
    } else {
        while (lr * ratio < middle)
            lr = nextafter(lr, INFINITY);
        while (lr * ratio >= middle)
            lr = nextafter(lr, 0);
    }
    return lr;
}

/* One step from `before` in every way, on the variant in force: what is expected. */
static void check_ways(const descend_lamb *c, uint64_t step, const struct arrays *before, const struct arrays *expected,
                       struct arrays *got)
{
    static const unsigned counts[] = {1, 2, 3, 8};
    static const enum order orders[] = {FORWARD, BACKWARD, PTHREADS};
    lamb_copy(got, before);
    assert_int_equal(lamb_step(c, step, got, NULL), DESCEND_OK);
    assert_same_lamb(expected, got, "step %" PRIu64 ", the defaults", step);
    for (size_t i = 0; i < COUNT(counts); i++) {
        const descend_exec threads = {.threads = counts[i], .serial_below = 1};
        lamb_copy(got, before);
        assert_int_equal(lamb_step(c, step, got, &threads), DESCEND_OK);
        assert_same_lamb(expected, got, "step %" PRIu64 ", threads %u", step, counts[i]);
        for (size_t j = 0; j < COUNT(orders); j++) {
            struct pool pool = {.order = orders[j]};
            const descend_exec run = {.threads = counts[i], .run = run_on_pool, .pool = &pool};
            lamb_copy(got, before);
            assert_int_equal(lamb_step(c, step, got, &run), DESCEND_OK);
            assert_same_lamb(expected, got, "step %" PRIu64 ", run, order %d, tasks %u", step, (int)orders[j],
                             counts[i]);
            assert_true(pool.calls > 0);
            assert_int_equal(pool.tasks, counts[i]);
        }
    }
}

/* Two steps, at rates that leave no room for another sum of squares. */
static void check_bits(descend_lamb c, size_t n)
{
    struct arrays before = arrays_new(n), expected = arrays_new(n), got = arrays_new(n);
    lamb_begin(&expected, n, false);
    for (uint64_t step = 1; step <= 2; step++) {
        fill(expected.array[GRAD], n, ORDINARY, n + step);
        lamb_copy(&before, &expected);
        const double ratio = plain_ratio(&c, step, &expected);
        c.lr = sharp_lr(1.7, ratio, step == 1);
        plain_move(&c, ratio, &expected);
        for (const char *const *variant = variants(); *variant; variant++) {
            assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
            check_ways(&c, step, &before, &expected, &got);
        }
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    arrays_free(&before);
    arrays_free(&expected);
    arrays_free(&got);
}

static void every_way_gives_the_bits_of_the_plain_step(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ns); i++)
        for (unsigned bits = ns[i] == LAMB_LARGE ? 3 : 0; bits < 4; bits++)
            check_bits(lamb_config_of(bits & 1, bits & 2), ns[i]);
}

/* The order of the squares is seen at its best where many sums are tried. */
static void the_squares_are_added_in_order(void **state)
{
    (void)state;
    enum { N = 3 * 4096 + 77, TRIALS = 20 };
    struct arrays expected = arrays_new(N), got = arrays_new(N);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (unsigned trial = 0; trial < TRIALS; trial++) {
            descend_lamb c = lamb_config_of(true, false);
            lamb_begin(&expected, 1000 + 10 * trial, true);
            lamb_copy(&got, &expected);
            const double ratio = plain_ratio(&c, 7, &expected);
            c.lr = sharp_lr(1.7, ratio, trial % 2);
            plain_move(&c, ratio, &expected);
            assert_int_equal(lamb_step(&c, 7, &got, NULL), DESCEND_OK);
            assert_same_lamb(&expected, &got, "trial %u", trial);
        }
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    arrays_free(&expected);
    arrays_free(&got);
}

/* Beside the square of the first parameter that of another, 1, is lost, if it is added to the same lane of the same
 * segment; all others count. So the segment's size shows by far. */
static void check_segments(size_t n, bool after)
{
    struct arrays expected = arrays_new(n), got = arrays_new(n);
    descend_lamb c = lamb_config_of(true, false);
    lamb_begin(&expected, n, true);
    for (size_t i = 0; i < n; i++)
        expected.array[PARAM][i] = i == 0 ? 0x1p27f : 1;
    lamb_copy(&got, &expected);
    const double ratio = plain_ratio(&c, 7, &expected);
    c.lr = sharp_lr(0.0017, ratio, after);
    plain_move(&c, ratio, &expected);
    assert_int_equal(lamb_step(&c, 7, &got, NULL), DESCEND_OK);
    assert_same_lamb(&expected, &got, "a large first parameter, %s", after ? "after" : "before");
    arrays_free(&expected);
    arrays_free(&got);
}

static void segments_grow_with_the_tensor(void **state)
{
    (void)state;
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (unsigned after = 0; after < 2; after++) {
            check_segments(100000, after);
            check_segments(LAMB_LARGE - 1, after);
            check_segments(LAMB_LARGE, after);
        }
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* Many steps' coefficients. */
static void a_long_run(void **state)
{
    (void)state;
    enum { N = 61, STEPS = 300 };
    const descend_lamb c = lamb_config_of(true, false);
    struct arrays expected = arrays_new(N), got = arrays_new(N);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        lamb_begin(&expected, 5, false);
        for (uint64_t step = 1; step <= STEPS; step++) {
            fill(expected.array[GRAD], N, ORDINARY, 5 + step);
            lamb_copy(&got, &expected);
            plain_step(&c, step, &expected);
            assert_int_equal(lamb_step(&c, step, &got, NULL), DESCEND_OK);
            assert_same_lamb(&expected, &got, "step %" PRIu64, step);
        }
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    arrays_free(&expected);
    arrays_free(&got);
}

/* Each array at each offset from a vector's alignment, and nothing written beyond its elements. */
static void check_placement(size_t n, size_t offset)
{
    const descend_lamb c = lamb_config_of(true, false);
    struct arrays expected = arrays_new(n), room = arrays_new(n + 2 * OFFSETS), placed = {.n = n};
    lamb_begin(&expected, n + offset, true);
    for (size_t k = 0; k < LAMB_ARRAYS; k++) {
        for (size_t i = 0; i < room.n; i++)
            room.array[k][i] = 7;
        placed.array[k] = room.array[k] + 1 + (offset + 5 * k) % OFFSETS;
    }
    lamb_copy(&placed, &expected);
    plain_step(&c, 3, &expected);
    assert_int_equal(lamb_step(&c, 3, &placed, NULL), DESCEND_OK);
    assert_same_lamb(&expected, &placed, "offset %zu", offset);
    for (size_t k = 0; k < LAMB_ARRAYS; k++)
        assert_true(placed.array[k][-1] == 7 && placed.array[k][n] == 7);
    arrays_free(&expected);
    arrays_free(&room);
}

static void every_placement(void **state)
{
    (void)state;
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < COUNT(ns) && ns[i] <= 4097; i++)
            for (size_t offset = 0; offset < OFFSETS; offset++)
                check_placement(ns[i], offset);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

static void slices_are_refused(void **state)
{
    (void)state;
    enum { N = 3 * 4096 };
    const descend_lamb c = lamb_config_of(true, false);
    struct arrays before = arrays_new(N), got = arrays_new(N);
    lamb_begin(&before, 1, true);
    lamb_copy(&got, &before);
    assert_int_equal(DESCEND_NO_SLICES, 16);
    assert_string_equal(descend_status_string(DESCEND_NO_SLICES),
                        "slices are given, but this optimizer needs the whole tensor");
    for (unsigned slices = 1; slices <= 4; slices++)
        for (unsigned slice = 0; slice < slices; slice++) {
            const descend_exec exec = {.slice = slice, .slices = slices};
            assert_int_equal(lamb_step(&c, 1, &got, &exec), DESCEND_NO_SLICES);
            for (size_t k = 0; k < LAMB_ARRAYS; k++)
                assert_memory_equal(got.array[k], before.array[k], N * sizeof(float));
            assert_int_equal(descend_lamb_step(&c, 1, NULL, NULL, NULL, NULL, 0, &exec), DESCEND_NO_SLICES);
        }
    arrays_free(&before);
    arrays_free(&got);
}

static void no_elements(void **state)
{
    (void)state;
    const descend_lamb c = lamb_config_of(true, true);
    const descend_exec threads = {.threads = 3, .serial_below = 1};
    for (const char *const *variant = variants(); *variant; variant++) {
        struct pool pool = {.order = FORWARD};
        const descend_exec run = {.threads = 2, .run = run_on_pool, .pool = &pool};
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        assert_int_equal(descend_lamb_step(&c, 1, NULL, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
        assert_int_equal(descend_lamb_step(&c, 1, NULL, NULL, NULL, NULL, 0, &threads), DESCEND_OK);
        assert_int_equal(descend_lamb_step(&c, 1, NULL, NULL, NULL, NULL, 0, &run), DESCEND_OK);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_bits_of_the_plain_step),
        cmocka_unit_test(the_squares_are_added_in_order),
        cmocka_unit_test(segments_grow_with_the_tensor),
        cmocka_unit_test(a_long_run),
        cmocka_unit_test(every_placement),
        cmocka_unit_test(slices_are_refused),
        cmocka_unit_test(no_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
