/* SPDX-License-Identifier: MIT */
/* Trajectories of stored arrays, against hashes that another implementation of the rules has computed, in numpy. */
#include <stdio.h>
#include <string.h>

#include "mirror.h"
#include "storage.h"
#include "test.h"

enum { N = 1003, STEPS = 5, SEED = 2026 };

static const uint32_t problems[2][1 + STEPS][N] = {
#include "golden/storage.inc"
};

struct layout {
    descend_dtype param, grad, first, second; /* moments */
};
static const struct layout f32 = {DESCEND_F32, DESCEND_F32, DESCEND_F32, DESCEND_F32};
static const struct layout mixed = {DESCEND_BF16_SPLIT, DESCEND_BF16, DESCEND_F32, DESCEND_F32};
static const struct layout mixed_bf16 = {DESCEND_BF16_SPLIT, DESCEND_BF16, DESCEND_BF16, DESCEND_BF16};
static const struct layout mixed_8_bits = {DESCEND_BF16_SPLIT, DESCEND_BF16, DESCEND_B8, DESCEND_UB8};
static const struct layout bf16 = {DESCEND_BF16, DESCEND_BF16, DESCEND_BF16, DESCEND_BF16};
static const struct layout bf16_8_bits = {DESCEND_BF16, DESCEND_BF16, DESCEND_B8, DESCEND_UB8};
static const struct layout f32_8_bits = {DESCEND_F32, DESCEND_F32, DESCEND_B8, DESCEND_UB8};
static const struct layout f16_gradients = {DESCEND_F32, DESCEND_F16, DESCEND_F32, DESCEND_F32};

struct setting {
    const char *field;
    double value;
};
#define SETTINGS(...) \
    {                 \
        __VA_ARGS__,  \
        {             \
            NULL, 0   \
        }             \
    }

static const struct row {
    const char *optimizer;
    const struct layout *layout;
    struct setting settings[4];
    uint32_t ordinary, special; /* 0: not given */
} rows[] = {
#define ADAMW SETTINGS({"lr", 0.0017}, {"beta1", 0.87}, {"beta2", 0.9993})
    {"adamw", &f32, ADAMW, 0x6ac7ff25, 0x145afd08},
    {"adamw", &mixed, ADAMW, 0x07859b23, 0xc63d653c},
    {"adamw", &mixed_bf16, ADAMW, 0x67ea00d3, 0x2fd16a60},
    {"adamw", &mixed_8_bits, ADAMW, 0x4c681548, 0x86d58d63},
    {"adamw", &bf16, ADAMW, 0x7f46d1f5, 0x7d3694f8},
    {"adamw", &bf16_8_bits, ADAMW, 0x6d04b585, 0x3f4414a6},
    {"adamw", &f32_8_bits, ADAMW, 0x17ac56a8, 0x6b277ace},
    {"adamw", &f16_gradients, ADAMW, 0x957ad2da, 0xc29d191c},
    {"sgd", &bf16, SETTINGS({"lr", 0.013}, {"momentum", 0.9}), 0xaaf3527c, 0},
    {"sgd", &mixed_8_bits, SETTINGS({"lr", 0.013}, {"momentum", 0.9}), 0xfedff9cb, 0},
    {"rmsprop", &bf16, SETTINGS({"lr", 0.0027}, {"momentum", 0.9}, {"centered", 1}), 0x8d25a6d1, 0},
    {"rmsprop", &mixed_8_bits, SETTINGS({"lr", 0.0027}, {"momentum", 0.9}, {"centered", 1}), 0x2aad5246, 0},
    {"adagrad", &bf16, SETTINGS({"lr", 0.013}), 0x6dc87259, 0},
    {"adagrad", &mixed_8_bits, SETTINGS({"lr", 0.013}), 0x4d36c9ff, 0},
    {"adadelta", &bf16, SETTINGS({"lr", 0.9}), 0xef79a831, 0},
    {"adadelta", &mixed_8_bits, SETTINGS({"lr", 0.9}), 0xa051270f, 0},
    {"adamax", &bf16, SETTINGS({"lr", 0.0017}), 0xb71d6629, 0},
    {"adamax", &mixed_8_bits, SETTINGS({"lr", 0.0017}), 0x6e808d4d, 0},
    {"nadam", &bf16, SETTINGS({"lr", 0.0017}), 0x2ee6ec05, 0},
    {"nadam", &mixed_8_bits, SETTINGS({"lr", 0.0017}), 0xa83599e3, 0},
    {"radam", &bf16, SETTINGS({"lr", 0.0017}), 0x74fa73c9, 0},
    {"radam", &mixed_8_bits, SETTINGS({"lr", 0.0017}), 0x864ff074, 0},
    {"adam", &bf16, SETTINGS({"lr", 0.0017}, {"amsgrad", 1}), 0x2fbbdb92, 0},
    {"adam", &mixed_8_bits, SETTINGS({"lr", 0.0017}, {"amsgrad", 1}), 0xe2a146bb, 0},
};

/* CRC-32, of a number of so many bytes in little-endian order. */
static uint32_t add_number(uint32_t crc, uint32_t number, size_t bytes)
{
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= number >> 8 * i & 0xff;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* Element i, with any NaN of float32 as one. */
static uint32_t element(const void *data, size_t bytes, size_t i)
{
    if (bytes < 4)
        return bytes == 2 ? ((const uint16_t *)data)[i] : ((const unsigned char *)data)[i];
    const uint32_t bits = ((const uint32_t *)data)[i];
    return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits;
}

static uint32_t add_array(uint32_t crc, const descend_array *array)
{
    size_t data, second;
    descend_array_size(array->dtype, N, &data, &second);
    for (size_t i = 0; i < N; i++)
        crc = add_number(crc, element(array->data, data / N, i), data / N);
    for (size_t i = 0; i < second / 2; i++)
        crc = add_number(crc, ((const uint16_t *)array->second)[i], 2);
    return crc;
}

static descend_config config_of(const struct row *row)
{
    descend_config config = descend_config_defaults(descend_kind_find(row->optimizer));
    for (const struct setting *setting = row->settings; setting->field; setting++)
        assert_int_equal(descend_config_set(&config, setting->field, setting->value), DESCEND_OK);
    return config;
}

static uint32_t hash_of(const struct row *row, const uint32_t problem[1 + STEPS][N])
{
    const descend_config config = config_of(row);
    descend_array param = stored_new(row->layout->param, N), grad = stored_new(row->layout->grad, N);
    descend_tensor tensor = {.name = "w", .n = N, .param = param, .grad = grad};
    for (size_t k = 0; k < descend_kind_state_count(config.kind); k++) {
        const descend_dtype smallest = descend_kind_state(config.kind, k)->smallest;
        tensor.state[k].dtype = smallest == DESCEND_B8    ? row->layout->first
                                : smallest == DESCEND_UB8 ? row->layout->second
                                                          : DESCEND_F32;
    }
    descend_optimizer *optimizer;
    assert_int_equal(descend_array_store(&param, N, (const float *)(const void *)problem[0]), DESCEND_OK);
    assert_int_equal(descend_optimizer_create(&optimizer, &config), DESCEND_OK);
    assert_int_equal(descend_optimizer_set_seed(optimizer, SEED), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    for (size_t step = 1; step <= STEPS; step++) {
        assert_int_equal(descend_array_store(&grad, N, (const float *)(const void *)problem[step]), DESCEND_OK);
        assert_int_equal(descend_optimizer_step(optimizer, NULL, NULL), DESCEND_OK);
    }
    assert_int_equal(descend_optimizer_tensor(optimizer, 0, &tensor, NULL), DESCEND_OK);
    uint32_t crc = add_array(0, &tensor.param);
    for (size_t k = 0; k < descend_kind_state_count(config.kind); k++)
        if (tensor.state[k].data && !descend_kind_state(config.kind, k)->scalar)
            crc = add_array(crc, &tensor.state[k]);
    descend_optimizer_destroy(optimizer);
    stored_free(&param);
    stored_free(&grad);
    return crc;
}

static void check_rows(void)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int special = 0; special < 2; special++) {
            const uint32_t expected = special ? rows[i].special : rows[i].ordinary;
            const uint32_t found = expected ? hash_of(&rows[i], problems[special]) : 0;
            if (found != expected)
                fail_msg("%s, row %zu (%s), %s values: %08x, not %08x", descend_isa_active(), i, rows[i].optimizer,
                         special ? "special" : "ordinary", found, expected);
        }
}

static void every_row(void **state)
{
    (void)state;
    for_each_variant(check_rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
