/* SPDX-License-Identifier: MIT */
/* Steps on arrays of every type, each of whose parts begins or ends at a page that cannot be touched: they touch
 * nothing outside, and give the bits that they give elsewhere. */
#include <string.h>

#include "fence.h"
#include "mirror.h"
#include "storage.h"
#include "test.h"

static struct fence data[ARRAYS], second[ARRAYS];

/* The types of an optimizer's arrays: number `layout` of LAYOUTS. */
enum { LAYOUTS = 9 };
static descend_dtype type_of(const struct configuration *configuration, unsigned k, unsigned layout)
{
    static const descend_dtype params[] = {DESCEND_F32, DESCEND_BF16, DESCEND_BF16_SPLIT};
    static const descend_dtype grads[] = {DESCEND_BF16, DESCEND_F16, DESCEND_F32};
    if (k < STATE)
        return k == PARAM ? params[layout % 3] : grads[layout / 3];
    const descend_dtype smallest = descend_kind_state(configuration->kind, k - STATE)->smallest;
    return layout % 2 == 0 || smallest == DESCEND_F32 ? smallest : DESCEND_BF16;
}

static size_t second_bytes(descend_dtype dtype, size_t n)
{
    size_t of_data, of_second;
    descend_array_size(dtype, n, &of_data, &of_second);
    return of_second;
}

static size_t data_bytes(descend_dtype dtype, size_t n)
{
    size_t of_data, of_second;
    descend_array_size(dtype, n, &of_data, &of_second);
    return of_data;
}

/* The same array within fences; the bytes around it are 0xa5. */
static descend_array fenced(unsigned k, const descend_array *array, size_t n, bool at_end)
{
    const size_t of_data = data_bytes(array->dtype, n), of_second = second_bytes(array->dtype, n);
    const descend_array to = {.data = fence_place(&data[k], of_data, at_end),
                              .dtype = array->dtype,
                              .second = of_second ? fence_place(&second[k], of_second, at_end) : NULL};
    memset(data[k].memory, 0xa5, data[k].bytes);
    memset(second[k].memory, 0xa5, second[k].bytes);
    memcpy(to.data, array->data, of_data);
    if (of_second)
        memcpy(to.second, array->second, of_second);
    return to;
}

static void assert_untouched_around(const struct fence *fence, size_t bytes, bool at_end)
{
    const unsigned char *around = fence->memory + (at_end ? 0 : bytes);
    for (size_t i = 0; i < fence->bytes - bytes; i++)
        assert_int_equal(around[i], 0xa5);
}

/* Two steps and a measurement, of a tensor that has taken some steps. */
static void take_steps(const struct configuration *configuration, const descend_array array[ARRAYS], size_t n)
{
    descend_optimizer *optimizer;
    descend_measurement found;
    descend_tensor tensor = {.name = "w", .n = n, .step = 4, .param = array[PARAM], .grad = array[GRAD]};
    for (unsigned k = 0; k < configuration->states; k++)
        tensor.state[k] = array[STATE + k];
    assert_int_equal(descend_optimizer_create(&optimizer, &configuration->config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    assert_int_equal(descend_optimizer_measure(optimizer, NULL, &found), DESCEND_OK);
    assert_int_equal(descend_optimizer_step(optimizer, NULL, NULL), DESCEND_OK);
    assert_int_equal(
        descend_optimizer_step(optimizer, &(descend_pass){.zero_grad = true, .flush_subnormals = true}, NULL),
        DESCEND_OK);
    assert_int_equal(descend_optimizer_zero_grad(optimizer, NULL), DESCEND_OK);
    descend_optimizer_destroy(optimizer);
}

static void check_length(const struct configuration *configuration, unsigned layout, size_t n, bool at_end)
{
    descend_array free_ones[ARRAYS], fenced_ones[ARRAYS];
    static float values[600];
    const unsigned arrays = STATE + configuration->states;
    for (unsigned k = 0; k < arrays; k++) {
        const size_t length = array_length(configuration, k, n);
        free_ones[k] = stored_new(type_of(configuration, k, layout), length);
        fill(values, length, ORDINARY, n + k);
        if (k == STATE + configuration->arrays) /* the scalar */
            values[0] = 0.5f;
        stored_put(&free_ones[k], length, values, NULL);
        if (free_ones[k].dtype == DESCEND_F16)
            memcpy(free_ones[k].data, values, 2 * length);
        fenced_ones[k] = fenced(k, &free_ones[k], length, at_end);
    }
    fence_say("%s, %s, layout %u, n %zu, at the %s", descend_isa_active(), configuration->label, layout, n,
              at_end ? "end" : "beginning");
    take_steps(configuration, free_ones, n);
    take_steps(configuration, fenced_ones, n);
    for (unsigned k = 0; k < arrays; k++) {
        const size_t length = array_length(configuration, k, n);
        const descend_dtype dtype = free_ones[k].dtype;
        if (!stored_equal(&free_ones[k], &fenced_ones[k], length))
            fail_msg("%s, %s, layout %u, n %zu: %s differs", descend_isa_active(), configuration->label, layout, n,
                     array_name(configuration, k));
        assert_untouched_around(&data[k], data_bytes(dtype, length), at_end);
        assert_untouched_around(&second[k], second_bytes(dtype, length), at_end);
        stored_free(&free_ones[k]);
    }
}

static void check_lengths(const struct configuration *configuration)
{
    static const size_t lengths[] = {0, 1, 15, 33, 127, 255, 256, 257, 300, 512, 513};
    for (unsigned i = 0; i < LAYOUTS * COUNT(lengths); i++)
        check_length(configuration, i % LAYOUTS, lengths[i / LAYOUTS], i % 2);
}

static void nothing_outside_is_touched(void **state)
{
    (void)state;
    for (unsigned k = 0; k < ARRAYS; k++)
        data[k] = fence_new(1), second[k] = fence_new(1);
    for_each_configuration(check_lengths);
    for (unsigned k = 0; k < ARRAYS; k++)
        fence_free(&data[k]), fence_free(&second[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_outside_is_touched)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
