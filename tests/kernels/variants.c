/* SPDX-License-Identifier: MIT */
/* Every variant equals the scalar one bit for bit, at every length and misalignment, and touches nothing outside. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "test.h"

enum {
    LENGTHS = 1100, /* every n from 0 to here */
    OFFSETS = 32,   /* starts 0 … 31 elements after a multiple of 128 bytes */
    GUARD = 64,     /* elements watched on either side */
    ROOM = (GUARD + OFFSETS + LENGTHS + GUARD + 31) / 32 * 32,
    ALL_OFFSETS_UP_TO = 70 /* beyond, two offsets for each n, all of them in turn */
};
/* One array that can start at any offset, guards right before and behind it. */
struct movable {
    float *room; /* ROOM elements from a multiple of 128 bytes */
};
static float guard[GUARD]; /* filled by main */

static float *place(struct movable *movable, const float *values, size_t n, size_t offset)
{
    float *array = movable->room + GUARD + offset;
    memcpy(array - GUARD, guard, sizeof guard);
    memcpy(array + n, guard, sizeof guard);
    return memcpy(array, values, n * sizeof *array);
}

static bool guards_intact(const struct movable *movable, size_t n, size_t offset)
{
    const float *array = movable->room + GUARD + offset;
    return memcmp(array - GUARD, guard, sizeof guard) == 0 && memcmp(array + n, guard, sizeof guard) == 0;
}

/* The step on the first n elements of `before`, from this offset on, gives the first n of `after`. */
static void check_prefix(const struct configuration *configuration, uint64_t step, const struct arrays *before,
                         const struct arrays *after, struct movable movable[ARRAYS], size_t n, size_t offset,
                         const char *context)
{
    struct arrays moved = {.n = n}, expected = *after;
    size_t offsets[ARRAYS] = {0};
    for (size_t k = 0; k < STATE + configuration->states; k++) {
        /* odd ones apart from each other, even ones in step */
        offsets[k] = (offset + (offset % 2 ? 7 * k : 0)) % OFFSETS;
        moved.array[k] = place(&movable[k], before->array[k], n, offsets[k]);
    }
    assert_int_equal(arrays_step(configuration, step, &moved, NULL), DESCEND_OK);
    expected.n = n;
    assert_same_arrays(configuration, &moved, &expected, "%s, step %d, n %zu, offset %zu: moved against scalar",
                       context, (int)step, n, offset);
    for (size_t k = 0; k < STATE + configuration->states; k++)
        if (!guards_intact(&movable[k], n, offsets[k]))
            fail_msg("%s, %s, step %d: n %zu at offset %zu wrote outside array %zu", configuration->label, context,
                     (int)step, n, offsets[k], k);
}

/* Of an optimizer whose elements depend on each other: the first n elements on their own. */
static void scalar_step(const struct configuration *configuration, uint64_t step, const struct arrays *before,
                        struct arrays *after, size_t n, const char *variant)
{
    struct arrays first = *after;
    first.n = n;
    for (size_t k = 0; k < STATE + configuration->states; k++)
        memcpy(first.array[k], before->array[k], n * sizeof(float));
    assert_int_equal(descend_isa_force("scalar"), DESCEND_OK);
    assert_int_equal(arrays_step(configuration, step, &first, NULL), DESCEND_OK);
    assert_int_equal(descend_isa_force(variant), DESCEND_OK);
}

static void check_lengths(const struct configuration *configuration, const char *variant, enum data_kind kind,
                          uint64_t step, uint64_t seed, struct movable movable[ARRAYS])
{
    struct arrays before = arrays_new(LENGTHS), after = arrays_new(LENGTHS);
    char context[96];
    snprintf(context, sizeof context, "%s, %s data, seed %d", variant, data_kind_names[kind], (int)seed);
    arrays_fill(configuration, &before, kind, seed);
    arrays_fill(configuration, &after, kind, seed);
    assert_int_equal(descend_isa_force("scalar"), DESCEND_OK);
    assert_int_equal(arrays_step(configuration, step, &after, NULL), DESCEND_OK);

    assert_int_equal(descend_isa_force(variant), DESCEND_OK);
    for (size_t n = 0; n <= LENGTHS; n++) {
        const size_t count = n <= ALL_OFFSETS_UP_TO ? OFFSETS : 2;
        if (!configuration->in_slices)
            scalar_step(configuration, step, &before, &after, n, variant);
        for (size_t i = 0; i < count; i++)
            check_prefix(configuration, step, &before, &after, movable, n, (i + 2 * n) % OFFSETS, context);
    }
    arrays_free(&before);
    arrays_free(&after);
}

static void every_length_and_misalignment(void **state)
{
    (void)state;
    struct movable movable[ARRAYS];
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t k = 0; k < ARRAYS; k++)
        assert_non_null(movable[k].room = aligned_alloc(128, ROOM * sizeof(float)));
    for (const char *const *variant = variants(); *variant; variant++)
        for (size_t i = 0; i < count; i++)
            for (enum data_kind kind = 0; kind < DATA_KINDS; kind++)
                for (uint64_t step = 1; step <= 3; step += 2)
                    check_lengths(&all[i], *variant, kind, step, 1000 * i + step, movable);
    for (size_t k = 0; k < ARRAYS; k++)
        free(movable[k].room);
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* One special value in one lane of one operand, ordinary values around it. */
static void check_lane(const struct configuration *configuration, const char *variant, size_t operand, size_t lane,
                       float value)
{
    enum { N = 3 * 32 };
    struct arrays scalar = arrays_new(N), vector = arrays_new(N);
    arrays_fill(configuration, &scalar, ORDINARY, lane);
    scalar.array[operand][32 + lane] = value;
    for (size_t k = 0; k < STATE + configuration->states; k++)
        memcpy(vector.array[k], scalar.array[k], N * sizeof(float));
    for (uint64_t step = 1; step <= 3; step++) {
        assert_int_equal(descend_isa_force("scalar"), DESCEND_OK);
        assert_int_equal(arrays_step(configuration, step, &scalar, NULL), DESCEND_OK);
        assert_int_equal(descend_isa_force(variant), DESCEND_OK);
        assert_int_equal(arrays_step(configuration, step, &vector, NULL), DESCEND_OK);
        assert_same_arrays(configuration, &scalar, &vector, "scalar against %s, step %d, %a in lane %zu of operand %zu",
                           variant, (int)step, (double)value, lane, operand);
    }
    arrays_free(&scalar);
    arrays_free(&vector);
}

static void every_lane_of_every_operand(void **state)
{
    (void)state;
    static const float values[] = {NAN, INFINITY, -INFINITY, -0.0f, 0x1p-149f, 0x1.fffffep127f};
    size_t count;
    const struct configuration *all = configurations(&count);
    for (const char *const *variant = variants(); *variant; variant++)
        for (size_t i = 0; i < count; i++)
            for (size_t operand = 0; operand < STATE + all[i].arrays; operand++)
                for (size_t lane = 0; lane < 32; lane++)
                    for (size_t v = 0; v < sizeof values / sizeof *values; v++)
                        check_lane(&all[i], *variant, operand, lane, values[v]);
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

int main(void)
{
    memset(guard, 0xa5, sizeof guard);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_misalignment),
        cmocka_unit_test(every_lane_of_every_operand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
