/* SPDX-License-Identifier: MIT */
/* The step on converted arrays, which benchmarks compare with, is AdamW's on what the arrays hold, rounded to nearest.
 */
#include "converted.h"

#include <stdint.h>

#include "storage.h"
#include "test.h"

enum { N = 1000, GRAD = 1, STEP = 100003 };

/* Of the parameter, the gradient and the two states. */
typedef descend_dtype layout[CONVERTED_ARRAYS];

static float value(size_t array, size_t i)
{
    const float magnitude = 0x1p-10f * (float)(1 + (i + array) * 7919 % 1021);
    return array < 3 && (i + array) % 3 == 0 ? -magnitude : magnitude;
}

/* Stores the array's values, and reads them back as what they have become. */
static descend_array stored_values(descend_dtype dtype, size_t array, float *values)
{
    const descend_array stored = stored_new(dtype, N);
    for (size_t i = 0; i < N; i++)
        values[i] = value(array, i);
    stored_put(&stored, N, values, NULL);
    stored_get(&stored, N, values);
    return stored;
}

static void check(const layout dtypes)
{
    static float values[CONVERTED_ARRAYS][N];
    descend_array stored[CONVERTED_ARRAYS];
    for (size_t k = 0; k < CONVERTED_ARRAYS; k++)
        stored[k] = stored_values(dtypes[k], k, values[k]);
    const descend_tensor tensor = {.n = N, .param = stored[0], .grad = stored[GRAD], .state = {stored[2], stored[3]}};
    struct converted converted;
    assert_true(converted_new(&converted, &tensor));
    const descend_adamw config = descend_config_defaults(DESCEND_ADAMW).adamw;
    for (uint64_t step = 0; step < 2; step++) { /* the second one reads what the first one has stored */
        assert_int_equal(converted_step(&converted), DESCEND_OK);
        assert_int_equal(
            descend_adamw_step(&config, STEP, values[0], values[GRAD], values[2], values[3], NULL, N, NULL),
            DESCEND_OK);
        for (size_t k = 0; k < CONVERTED_ARRAYS; k++) {
            descend_array expected = stored_new(dtypes[k], N);
            stored_put(&expected, N, values[k], NULL);
            stored_get(&expected, N, values[k]);
            if (!stored_equal(&expected, &stored[k], N))
                fail_msg("parameter of dtype %d, array %zu of dtype %d", (int)dtypes[0], k, (int)dtypes[k]);
            stored_free(&expected);
        }
    }
    converted_free(&converted);
    for (size_t k = 0; k < CONVERTED_ARRAYS; k++)
        stored_free(&stored[k]);
}

static void test_steps(void **state)
{
    (void)state;
    check((layout){DESCEND_F32, DESCEND_BF16, DESCEND_F32, DESCEND_F32});
    check((layout){DESCEND_BF16_SPLIT, DESCEND_BF16, DESCEND_F32, DESCEND_F32});
    check((layout){DESCEND_BF16, DESCEND_BF16, DESCEND_BF16, DESCEND_BF16});
    check((layout){DESCEND_BF16_SPLIT, DESCEND_BF16, DESCEND_B8, DESCEND_UB8});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
