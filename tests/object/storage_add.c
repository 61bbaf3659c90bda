/* SPDX-License-Identifier: MIT */
/* What descend_optimizer_add refuses of arrays in two parts, each by its own status, with nothing changed; and what it
 * takes. AdamW's states are one that may be B8 and one that may be UB8. */
#include <string.h>

#include "descend/optimizer.h"
#include "test.h"

enum { N = 600, BASES = 3 };

/* Room for a tensor's arrays, and for what lies beside them. */
static struct room {
    uint16_t param[2 * N], lower[2 * N], grad[2 * N], other_grad[2 * N], copy[2 * N], bases[2][4 * BASES];
    uint8_t state[2][2 * N];
} room[2];

static descend_tensor tensor_in(struct room *in, const char *name)
{
    return (descend_tensor){
        .name = name,
        .n = N,
        .param = {in->param, DESCEND_BF16_SPLIT, in->lower},
        .grad = {in->grad, DESCEND_BF16, NULL},
        .state = {{in->state[0], DESCEND_B8, in->bases[0]}, {in->state[1], DESCEND_UB8, in->bases[1]}}};
}

static descend_optimizer *with_first_tensor(void)
{
    const descend_config config = descend_config_defaults(DESCEND_ADAMW);
    const descend_tensor first = tensor_in(&room[0], "first");
    descend_optimizer *optimizer;
    assert_int_equal(descend_optimizer_create(&optimizer, &config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &first, 1), DESCEND_OK);
    return optimizer;
}

/* Adds a tensor beside the first one, and takes a step with another gradient where it may be added. */
static void add(const descend_tensor *tensor, descend_status expected, const char *what)
{
    static const struct room zeros[2];
    descend_optimizer *optimizer = with_first_tensor();
    const descend_tensor good = tensor_in(&room[1], "good");
    const descend_status status = descend_optimizer_add(optimizer, 0, tensor, 1);
    if (status != expected)
        fail_msg("%s: %d (%s), not %d (%s)", what, (int)status, descend_status_string(status), (int)expected,
                 descend_status_string(expected));
    if (status == DESCEND_OK) {
        assert_int_equal(descend_optimizer_set_grad(optimizer, 1, room[1].other_grad), DESCEND_OK);
        assert_int_equal(descend_optimizer_step(optimizer, NULL, NULL), DESCEND_OK);
    } else {
        assert_memory_equal(room, zeros, sizeof room);
        assert_int_equal(descend_optimizer_tensor_count(optimizer), 1);
        assert_int_equal(descend_optimizer_add(optimizer, 0, &good, 1), DESCEND_OK);
    }
    descend_optimizer_destroy(optimizer);
    memset(room, 0, sizeof room);
}

static void shards_of_8_bit_states(void **state)
{
    (void)state;
    static const uint64_t bad[] = {1, 128, 255, 257, (UINT64_C(1) << 32) - 1}, good[] = {256, UINT64_C(1) << 32};
    static const descend_dtype types[][2] = {
        {DESCEND_B8, DESCEND_UB8}, {DESCEND_B8, DESCEND_BF16}, {DESCEND_F32, DESCEND_UB8}};
    for (size_t t = 0; t < COUNT(types); t++)
        for (unsigned given = 0; given < 2; given++) {
            descend_tensor tensor = tensor_in(&room[1], "second");
            for (unsigned k = 0; k < 2; k++)
                if (!given || types[t][k] != tensor.state[k].dtype)
                    tensor.state[k] = (descend_array){.dtype = types[t][k]};
            for (size_t i = 0; i < COUNT(bad); i++) {
                tensor.first = bad[i];
                add(&tensor, DESCEND_BAD_FIRST, "an 8-bit state from within a block on");
            }
            for (size_t i = 0; i < COUNT(good); i++) {
                tensor.first = good[i];
                add(&tensor, DESCEND_OK, "an 8-bit state from the beginning of a block on");
            }
        }
    descend_tensor tensor = tensor_in(&room[1], "second");
    tensor.first = 77;
    tensor.state[0] = tensor.state[1] = (descend_array){.dtype = DESCEND_BF16};
    add(&tensor, DESCEND_OK, "16-bit states from anywhere on");
}

/* Of no dtype, misaligned, and in the memory of the first tensor. */
static void states_that_an_optimizer_does_not_have(void **state)
{
    (void)state;
    descend_tensor tensor = tensor_in(&room[1], "second");
    for (size_t k = descend_kind_state_count(DESCEND_ADAMW); k < DESCEND_STATES; k++)
        tensor.state[k] = (descend_array){(char *)room[0].grad + 1, (descend_dtype)99, NULL};
    add(&tensor, DESCEND_OK, "states that AdamW does not have");
}

static descend_array *parted(descend_tensor *tensor, unsigned k)
{
    return k == 0 ? &tensor->param : &tensor->state[k - 1];
}

static void second_parts(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 3; k++) {
        descend_tensor tensor = tensor_in(&room[1], "second");
        descend_array *array = parted(&tensor, k);
        char *const second = array->second;
        array->second = NULL; /* a parameter's are then allocated */
        add(&tensor, k == 0 ? DESCEND_OK : DESCEND_NULL_ARRAY, "no second part");
        array->second = second + 1;
        add(&tensor, DESCEND_MISALIGNED, "a second part between words");
        array->second = (void *)(UINTPTR_MAX - 1);
        add(&tensor, DESCEND_BAD_N, "a second part beyond the address space");
        array->second = second + 2;
        add(&tensor, DESCEND_OK, "a second part at an odd multiple of 2");
    }
}

/* The second part of each array is laid over both parts of each other one, here and in the first tensor. */
static void overlaps(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 3; k++) {
        const size_t words = k == 0 ? N : BASES;
        descend_tensor tensor = tensor_in(&room[1], "second"), first = tensor_in(&room[0], "first");
        descend_array *const array = parted(&tensor, k);
        const struct {
            void *data;
            size_t bytes;
        } others[] = {
            {tensor.param.data, 2 * N},         {tensor.grad.data, 2 * N},
            {tensor.state[0].data, N},          {tensor.state[1].data, N},
            {first.param.data, 2 * N},          {first.param.second, 2 * N},
            {first.grad.data, 2 * N},           {first.state[0].data, N},
            {first.state[0].second, 2 * BASES}, {first.state[1].data, N},
            {first.state[1].second, 2 * BASES}, {parted(&tensor, k == 0)->second, k == 0 ? 2 * BASES : 2 * N},
        };
        for (size_t i = 0; i < COUNT(others); i++) {
            array->second = (char *)others[i].data + others[i].bytes - 2;
            add(&tensor, DESCEND_OVERLAP, "over the end of another array");
            array->second = (void *)((uintptr_t)others[i].data - 2 * (words - 1));
            add(&tensor, DESCEND_OVERLAP, "over the beginning of another array");
        }
    }
}

static void copies(void **state)
{
    (void)state;
    static const descend_dtype types[] = {DESCEND_BF16, DESCEND_BF16_SPLIT};
    static float param[N];
    for (size_t p = 0; p < COUNT(types); p++)
        for (descend_dtype copy = DESCEND_BF16; copy <= DESCEND_F16; copy++) {
            descend_tensor tensor = tensor_in(&room[1], "second");
            tensor.param.dtype = types[p];
            tensor.copy = (descend_array){.data = room[1].copy, .dtype = copy};
            add(&tensor, DESCEND_BAD_DTYPE, "a copy of a parameter that is not float32");
            tensor.param = (descend_array){.data = param};
            add(&tensor, DESCEND_OK, "a copy of a parameter that is float32, beside stored states");
        }
}

/* Second parts of arrays that have none, or that the object allocates, are not looked at. */
static void second_parts_that_are_not_used(void **state)
{
    (void)state;
    descend_tensor tensor = tensor_in(&room[1], "second");
    tensor.param = (descend_array){room[1].param, DESCEND_BF16, NOWHERE};
    tensor.grad.second = tensor.copy.second = NOWHERE;
    tensor.state[0] = (descend_array){NULL, DESCEND_B8, NOWHERE};
    tensor.state[1] = (descend_array){NULL, DESCEND_UB8, room[0].lower};
    add(&tensor, DESCEND_OK, "second parts that are not used");
    tensor.state[0].dtype = tensor.state[1].dtype = DESCEND_BF16;
    tensor.param.second = tensor.grad.second = tensor.state[0].second = room[1].other_grad + 5;
    add(&tensor, DESCEND_OK, "second parts that are not used");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_of_8_bit_states),
        cmocka_unit_test(states_that_an_optimizer_does_not_have),
        cmocka_unit_test(second_parts),
        cmocka_unit_test(overlaps),
        cmocka_unit_test(copies),
        cmocka_unit_test(second_parts_that_are_not_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
