/* SPDX-License-Identifier: MIT */
/* One pass gives the bits of separate ones: scaled gradients, zeroed gradients, flushed subnormals, copies in 16 bits;
 * at every length, without a byte outside. The conversions over all that float32 can be rounded from. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "descend/scaler.h"
#include "fence.h"
#include "mirror.h"
#include "numerics.h"
#include "test.h"

static void check_pass(const struct configuration *configuration, const descend_pass *pass, enum data_kind kind)
{
    static const struct shape shapes[] = {
        {.n = 70},
        {.n = 71, .copy = DESCEND_BF16},
        {.n = 69, .copy = DESCEND_F16},
        {.n = 33, .copy = DESCEND_F16, .own_state = true, .step = 3},
        {.n = 133, .copy = DESCEND_BF16, .own_state = true, .step = 3},
        {.n = 12, .absent = true, .copy = DESCEND_BF16},
    };
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), kind, 1);
    for (unsigned step = 1; step <= 3; step++) {
        mirror_step(&mirror, pass, NULL);
        assert_mirrored(&mirror, "grad_scale %g, zero_grad %d, flush_subnormals %d, %s data",
                        pass->grad_scale ? *pass->grad_scale : 1, pass->zero_grad, pass->flush_subnormals,
                        data_kind_names[kind]);
        if (step != 2) /* once with the gradients as the pass has left them */
            mirror_gradients(&mirror, kind, 10 + step);
    }
    mirror_free(&mirror);
}

static void check_passes(const struct configuration *configuration)
{
    static const double scales[] = {0, 1, 0.37, 0x1.8p-140, 1e-300, 3e38};
    for (enum data_kind kind = 0; kind < DATA_KINDS; kind++)
        for (size_t s = 0; s <= COUNT(scales); s++)
            for (unsigned bits = 0; bits < 4; bits++) {
                const descend_pass pass = {.grad_scale = s < COUNT(scales) ? &scales[s] : NULL,
                                           .zero_grad = bits & 1,
                                           .flush_subnormals = bits & 2};
                check_pass(configuration, &pass, kind);
            }
}

static void one_pass_is_separate_passes(void **state)
{
    (void)state;
    for_each_configuration(check_passes);
}

/* As torch moves by nothing where max_norm is 0. A coefficient of 0 is not taken for none, and none is not taken for 0.
 */
static void clipping_to_nothing(void **state)
{
    (void)state;
    static const double max_norms[] = {0, 1e-320, 1e-46};
    for (size_t i = 0; i < COUNT(max_norms); i++) {
        float param[3] = {1, -2, 3}, grad[3] = {4, 5, -6};
        static const float before[3] = {1, -2, 3};
        descend_optimizer *optimizer;
        descend_measurement found;
        const descend_config config = descend_config_defaults(DESCEND_SGD);
        const descend_tensor tensor = {.name = "w", .n = 3, .param = {.data = param}, .grad = {.data = grad}};
        assert_int_equal(descend_optimizer_create(&optimizer, &config), DESCEND_OK);
        assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
        assert_int_equal(descend_optimizer_measure(optimizer, NULL, &found), DESCEND_OK);
        const double coefficient = descend_clip_coefficient(max_norms[i], found.norm);
        const descend_pass pass = {.grad_scale = &coefficient};
        assert_int_equal(descend_optimizer_step(optimizer, &pass, NULL), DESCEND_OK);
        assert_memory_equal(param, before, sizeof param);
        assert_int_equal(descend_optimizer_step(optimizer, &(descend_pass){.zero_grad = false}, NULL), DESCEND_OK);
        assert_memory_not_equal(param, before, sizeof param);
        descend_optimizer_destroy(optimizer);
    }
}

static void assert_converted(uint16_t copy, float x, descend_dtype dtype)
{
    const uint16_t expected = converted(x, dtype);
    if (copy != expected && !(is_nan_16(copy, dtype) && is_nan_16(expected, dtype)))
        fail_msg("%s: %a in dtype %d is %04x, not %04x", descend_isa_active(), (double)x, (int)dtype, copy, expected);
}

/* Arrays that begin or end at a page that cannot be touched. */
enum { COPY = ARRAYS, FENCED, MOST = 150 };
static struct fence fenced[FENCED];

static void check_fenced(const struct configuration *configuration, const struct arrays *before,
                         const struct arrays *after, descend_dtype copy, bool at_end)
{
    const size_t n = before->n;
    const descend_pass pass = {.grad_scale = &(double){0.5}, .zero_grad = true, .flush_subnormals = true};
    descend_tensor tensor = {.name = "w", .n = n, .step = 4};
    struct arrays now = {.n = n};
    uint16_t *const copied = fence_place(&fenced[COPY], n * sizeof *copied, at_end);
    descend_optimizer *optimizer;
    descend_measurement found;
    for (unsigned k = 0; k < ARRAYS; k++) {
        const size_t bytes = array_length(configuration, k, n) * sizeof(float);
        now.array[k] = fence_place(&fenced[k], bytes, at_end);
        memcpy(now.array[k], before->array[k], bytes);
    }
    tensor.param.data = now.array[PARAM], tensor.grad.data = now.array[GRAD];
    tensor.copy = (descend_array){.data = copy == DESCEND_F32 ? NULL : copied, .dtype = copy};
    for (unsigned k = 0; k < configuration->states; k++)
        tensor.state[k].data = now.array[STATE + k];
    fence_say("%s, %s, n %zu, copy %d, at the %s of pages", configuration->label, descend_isa_active(), n, (int)copy,
              at_end ? "end" : "beginning");
    assert_int_equal(descend_optimizer_create(&optimizer, &configuration->config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    assert_int_equal(descend_optimizer_measure(optimizer, NULL, &found), DESCEND_OK);
    assert_int_equal(descend_optimizer_step(optimizer, &pass, NULL), DESCEND_OK);
    assert_int_equal(descend_optimizer_zero_grad(optimizer, NULL), DESCEND_OK);
    descend_optimizer_destroy(optimizer);
    assert_same_arrays(configuration, &now, after, "%s, copy %d, fenced", descend_isa_active(), (int)copy);
    for (size_t i = 0; i < n && copy != DESCEND_F32; i++)
        assert_converted(copied[i], now.array[PARAM][i], copy);
}

static void check_lengths(const struct configuration *configuration)
{
    struct arrays before = arrays_new(MOST), after = arrays_new(MOST);
    for (size_t n = 0; n <= MOST; n++) {
        before.n = after.n = n;
        arrays_fill(configuration, &before, ORDINARY, n);
        for (size_t k = 0; k < ARRAYS; k++)
            memcpy(after.array[k], before.array[k], n * sizeof(float));
        for (size_t i = 0; i < n; i++)
            after.array[GRAD][i] *= 0.5f;
        assert_int_equal(arrays_step(configuration, 5, &after, NULL), DESCEND_OK);
        arrays_advance(configuration, 5, &after);
        memset(after.array[GRAD], 0, n * sizeof(float));
        for (descend_dtype copy = DESCEND_F32; copy <= DESCEND_F16; copy++)
            for (int at_end = 0; at_end < 2; at_end++)
                check_fenced(configuration, &before, &after, copy, at_end);
    }
    arrays_free(&before);
    arrays_free(&after);
}

static void every_length_and_nothing_outside(void **state)
{
    (void)state;
    for (unsigned k = 0; k < FENCED; k++)
        fenced[k] = fence_new(1);
    for_each_configuration(check_lengths);
    for (unsigned k = 0; k < FENCED; k++)
        fence_free(&fenced[k]);
}

/* An object that leaves its parameters as they are: SGD with lr 0. They are what the copies are taken from. */
enum { CHUNK = 1 << 16 };
static struct {
    descend_optimizer *optimizer;
    float param[3][CHUNK], grad[3][CHUNK];
    uint16_t copy[3][CHUNK];
} still;

static void still_new(void)
{
    static const char *const names[] = {"none", "bf16", "f16"};
    const descend_sgd config = {.lr = 0};
    assert_int_equal(descend_optimizer_create(&still.optimizer, &(descend_config){.kind = DESCEND_SGD, .sgd = config}),
                     DESCEND_OK);
    for (descend_dtype dtype = DESCEND_F32; dtype <= DESCEND_F16; dtype++) {
        const descend_tensor tensor = {
            .name = names[dtype],
            .n = CHUNK,
            .param.data = still.param[dtype],
            .grad.data = still.grad[dtype],
            .copy = {.data = dtype == DESCEND_F32 ? NULL : still.copy[dtype], .dtype = dtype}};
        assert_int_equal(descend_optimizer_add(still.optimizer, 0, &tensor, 1), DESCEND_OK);
    }
}

/* Converts the numbers of these bits. */
static void check_conversions(const uint32_t bits[CHUNK], const descend_pass *pass)
{
    for (descend_dtype dtype = DESCEND_F32; dtype <= DESCEND_F16; dtype++)
        memcpy(still.param[dtype], bits, sizeof still.param[dtype]);
    assert_int_equal(descend_optimizer_step(still.optimizer, pass, NULL), DESCEND_OK);
    for (size_t i = 0; i < CHUNK; i++) {
        float x;
        memcpy(&x, &bits[i], sizeof x);
        if (pass && pass->flush_subnormals && fabsf(x) < FLT_MIN)
            x = 0;
        for (descend_dtype dtype = DESCEND_F32; dtype <= DESCEND_F16; dtype++) {
            if (first_difference(&still.param[dtype][i], &x, 1) != 1)
                fail_msg("%s: %08x became %a", descend_isa_active(), bits[i], (double)still.param[dtype][i]);
            if (dtype != DESCEND_F32)
                assert_converted(still.copy[dtype][i], x, dtype);
        }
    }
}

/* Every sign, exponent and upper significand with lower bits at, beside and far from the halfway point: in bfloat16 16
 * are lost, in float16's normal numbers 13, and up to 24 in its subnormals, whose halfway points these are too. */
static void check_all_conversions(void)
{
    static const uint32_t low[] = {0, 1, 0x0fff, 0x1000, 0x1001, 0x1fff};
    static uint32_t bits[CHUNK];
    for (uint32_t upper = 0; upper < 8; upper++)
        for (size_t j = 0; j < COUNT(low); j++) {
            for (uint32_t i = 0; i < CHUNK; i++)
                bits[i] = (i << 3 | upper) << 13 | low[j];
            check_conversions(bits, NULL);
        }
    static const uint32_t low_half[] = {0x7fff, 0x8000, 0x8001, 0xffff};
    for (size_t j = 0; j < COUNT(low_half); j++) {
        for (uint32_t i = 0; i < CHUNK; i++)
            bits[i] = i << 16 | low_half[j];
        check_conversions(bits, NULL);
    }
}

static void check_subnormal_halves(void)
{
    static uint32_t bits[CHUNK];
    const descend_pass flushing = {.flush_subnormals = true};
    for (uint32_t i = 0; i < CHUNK; i++) {
        const float half = ldexpf((float)(i % 4096) + 0.5f, -24);
        memcpy(&bits[i], &half, sizeof half);
        bits[i] += (i >> 12 & 3) - 1;
        bits[i] |= (i & 1u << 15) << 16;
    }
    check_conversions(bits, NULL);
    uint64_t seed = 1;
    for (unsigned chunk = 0; chunk < 16; chunk++) {
        for (size_t i = 0; i < CHUNK; i++) /* in the odd chunks what float16 has between its least and greatest */
            bits[i] =
                (uint32_t)random_bits(&seed) % (chunk % 2 ? 0x10000000 : UINT32_MAX) + (chunk % 2 ? 0x33000000 : 0);
        check_conversions(bits, chunk % 4 < 2 ? NULL : &flushing);
    }
    for (uint32_t i = 0; i < CHUNK; i++) /* around float32's own subnormals */
        bits[i] = (i & 1) << 31 | (i % 8 < 4 ? 0x00800000 + (i >> 4) - CHUNK / 32 : i >> 4);
    check_conversions(bits, &flushing);
}

static void every_conversion(void **state)
{
    (void)state;
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        still_new();
        check_all_conversions();
        check_subnormal_halves();
        descend_optimizer_destroy(still.optimizer);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* What the transcription itself says of the cases that one knows. */
static void the_transcription_of_conversions(void **state)
{
    (void)state;
    static const struct {
        float x;
        uint16_t bf16, f16;
    } cases[] = {
        {0.0f, 0, 0},
        {-0.0f, 0x8000, 0x8000},
        {1, 0x3f80, 0x3c00},
        {-2, 0xc000, 0xc000},
        {65504, 0x4780, 0x7bff},
        {0x1.ffdffep15f, 0x4780, 0x7bff}, /* below half the way to 2^16 */
        {65520, 0x4780, 0x7c00},
        {INFINITY, 0x7f80, 0x7c00},
        {FLT_MAX, 0x7f80, 0x7c00},
        {0x1.fep127f, 0x7f7f, 0x7c00},
        {0x1.ffp127f, 0x7f80, 0x7c00}, /* halfway to 2^128, the odd one below */
        {0x1p-14f, 0x3880, 0x0400},
        {0x1.ff8p-15f, 0x3880, 0x03ff},
        {0x1.ffcp-15f, 0x3880, 0x0400},
        {0x1p-24f, 0x3380, 1},
        {0x1p-25f, 0x3300, 0},
        {0x1.000002p-25f, 0x3300, 1},
        {0x1.8p-24f, 0x33c0, 2},
        {0x1.01p0f, 0x3f80, 0x3c04},
        {0x1.03p0f, 0x3f82, 0x3c0c},
        {0x1p-149f, 0, 0},
        {0x1.8p-133f, 0x0002, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(converted(cases[i].x, DESCEND_BF16), cases[i].bf16);
        assert_int_equal(converted(cases[i].x, DESCEND_F16), cases[i].f16);
    }
    assert_true(is_nan_16(converted(NAN, DESCEND_BF16), DESCEND_BF16));
    assert_true(is_nan_16(converted(NAN, DESCEND_F16), DESCEND_F16));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_transcription_of_conversions),
        cmocka_unit_test(one_pass_is_separate_passes),
        cmocka_unit_test(clipping_to_nothing),
        cmocka_unit_test(every_length_and_nothing_outside),
        cmocka_unit_test(every_conversion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
