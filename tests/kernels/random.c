/* SPDX-License-Identifier: MIT */
/*
 * The random bits by which stored arrays are rounded look like random bits, and rounding by them is right on average.
 * That every variant has these bits, object_storage shows.
 *
 * Each statistic is a z, which ideal bits would give mean 0 and standard deviation 1. Beyond BOUND they would have less
 * than one z in 10^7, and this test has some thousand.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "codec.h"
#include "mirror.h"
#include "support/storage.h"
#include "test.h"

enum { N = 1 << 20, BOUND = 6 };

/* Of what the bits are a function. */
struct source {
    uint64_t seed, name_hash, step;
    unsigned array;
    uint64_t first; /* a multiple of 256 */
};

static void find_bits(const struct source *source, uint16_t bits[N])
{
    const uint64_t step_key = random_step_key(source->seed, source->name_hash, source->step);
    for (size_t block = 0; block < N; block += CODEC_BLOCK) {
        const uint64_t element = source->first + block;
        const struct codec_rounding rounding = {
            .random = true,
            .key = random_array_key(step_key, source->array, element),
            .first = (uint32_t)element,
        };
        const vi start = codec_random_start(&rounding);
        for (size_t i = 0; i < CODEC_BLOCK; i += CODEC_STEP)
            vw_store_u16(bits, block + i, codec_random(&rounding, start, i));
    }
}

static void check(double z, const char *what, size_t which, const struct source *source)
{
    if (!(fabs(z) <= BOUND))
        fail_msg("%s, %zu: z = %.1f (seed %llu, name %llu, step %llu, array %u, from element %llu on)", what, which, z,
                 (unsigned long long)source->seed, (unsigned long long)source->name_hash,
                 (unsigned long long)source->step, source->array, (unsigned long long)source->first);
}

/* Of the counts in cells that are equally probable. */
static double chi_square(const uint32_t *count, size_t cells)
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < cells; i++)
        total += count[i];
    const double expected = total / (double)cells, freedom = (double)cells - 1;
    for (size_t i = 0; i < cells; i++)
        sum += (count[i] - expected) * (count[i] - expected) / expected;
    return (sum - freedom) / sqrt(2 * freedom);
}

/* Each of the 16 bits is as often 1 as 0, and the numbers of the upper 8, 12 and 16 bits are equally frequent. */
static void check_alone(const struct source *source, const uint16_t bits[N])
{
    static uint32_t count[1 << 16];
    memset(count, 0, sizeof count);
    for (size_t i = 0; i < N; i++)
        count[bits[i]]++;
    for (unsigned bit = 0; bit < 16; bit++) {
        double ones = 0;
        for (size_t value = 0; value < COUNT(count); value++)
            ones += value >> bit & 1 ? count[value] : 0;
        check((ones - N / 2.0) / sqrt(N / 4.0), "ones in bit", bit, source);
    }
    for (unsigned width = 16; width >= 8; width -= 4) {
        check(chi_square(count, (size_t)1 << width), "chi-square of upper bits", width, source);
        for (size_t i = 0; i < (size_t)1 << (width - 4); i++) {
            uint32_t sum = 0;
            for (size_t k = 0; k < 16; k++)
                sum += count[16 * i + k];
            count[i] = sum;
        }
    }
}

/* Pairs of numbers are independent: they do not correlate, and those of their upper 4 bits are equally frequent. */
struct pairs {
    uint32_t count[256];
    double products, number;
};

static void add_pairs(struct pairs *pairs, const uint16_t *a, const uint16_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pairs->count[a[i] >> 12 << 4 | b[i] >> 12]++;
        pairs->products += (a[i] - 0x7fff.8p0) * (b[i] - 0x7fff.8p0);
    }
    pairs->number += (double)n;
}

static void check_pairs(const struct pairs *pairs, const char *what, size_t which, const struct source *source)
{
    const double variance = (0x1p32 - 1) / 12;
    check(pairs->products / (variance * sqrt(pairs->number)), what, which, source);
    check(chi_square(pairs->count, COUNT(pairs->count)), what, which, source);
}

/* Elements at a distance, each in one pair. */
static void check_neighbours(const struct source *source, const uint16_t bits[N])
{
    static const size_t lags[] = {1, 2, 3, 4, 7, 8, 16, 64, 256, 512, 768, 1024, 4096, 65536};
    for (size_t k = 0; k < COUNT(lags); k++) {
        struct pairs pairs = {{0}, 0, 0};
        for (size_t i = 0; i + 2 * lags[k] <= N; i += 2 * lags[k])
            add_pairs(&pairs, bits + i, bits + i + lags[k], lags[k]);
        check_pairs(&pairs, "elements at a distance", lags[k], source);
    }
}

/* The same elements of two sources. */
static void check_beside(const struct source *source, const uint16_t bits[N], const struct source *other,
                         const char *what)
{
    static uint16_t others[N];
    struct pairs pairs = {{0}, 0, 0};
    find_bits(other, others);
    add_pairs(&pairs, bits, others, N);
    check_pairs(&pairs, what, (size_t)(other->step - source->step), source);
}

static void check_others(const struct source *source, const uint16_t bits[N])
{
    static const uint64_t lags[] = {1, 2, 3, 16, 1000};
    for (size_t k = 0; k < COUNT(lags); k++) {
        struct source later = *source;
        later.step += lags[k];
        check_beside(source, bits, &later, "steps at a distance");
    }
    struct source array = *source, name = *source, seed = *source, beyond = *source;
    array.array++, name.name_hash ^= 1, seed.seed++, beyond.first += UINT64_C(1) << 32;
    check_beside(source, bits, &array, "arrays");
    check_beside(source, bits, &name, "names");
    check_beside(source, bits, &seed, "seeds");
    check_beside(source, bits, &beyond, "elements 2^32 apart");
}

static void the_bits_are_as_random_ones(void **state)
{
    (void)state;
    static const struct source sources[] = {
        {0, 0, 1, 0, 0},
        {0, 1, 1, 1, 0},
        {0, 0x9e3779b9, 100000, 2, 0},
        {1, 0, 1, 0, UINT64_C(1) << 31},
        {2026, 0xcbf29ce484222325, 7, 1, (UINT64_C(1) << 32) - N / 2},
        {UINT64_MAX, 0x84222325cbf29ce4, 1 << 20, 3, UINT64_C(1) << 40},
    };
    static uint16_t bits[N];
    for (size_t i = 0; i < COUNT(sources); i++) {
        find_bits(&sources[i], bits);
        check_alone(&sources[i], bits);
        check_neighbours(&sources[i], bits);
        check_others(&sources[i], bits);
    }
}

/* How often values were rounded up in magnitude, against how often they should have been. */
struct roundings {
    double above, variance;
};

/* from is the exact value of a number that is stored with so many bits fewer. */
static void add_rounding(struct roundings *roundings, float from, float to, unsigned bits)
{
    const uint32_t spacing = UINT32_C(1) << bits, exact = vi_of_vf(fabsf(from)), stored = vi_of_vf(fabsf(to));
    const double cut = (double)(exact % spacing) / spacing;
    if (signbit(from) != signbit(to) || stored % spacing != 0 || stored + spacing <= exact || stored >= exact + spacing)
        fail_msg("%s: %a is stored as %a", descend_isa_active(), (double)from, (double)to);
    roundings->above += (stored > exact) - cut;
    roundings->variance += cut * (1 - cut);
}

static void check_rounding(const descend_array *array, const float *exact, float sign)
{
    static float loaded[N];
    struct roundings roundings = {0, 0};
    assert_int_equal(descend_array_load(array, N, loaded), DESCEND_OK);
    for (size_t i = 0; i < N; i++)
        add_rounding(&roundings, sign * exact[i], loaded[i], array->dtype == DESCEND_BF16 ? 16 : 20);
    const double z = roundings.above / sqrt(roundings.variance);
    if (!(fabs(z) <= 4))
        fail_msg("%s, dtype %d: mean error of %.1f standard deviations", descend_isa_active(), (int)array->dtype, z);
}

/* A first step of SGD with momentum on parameters 0: the momentum becomes the gradient and, with lr 1, the parameter
 * what is missing to 0. One of Adagrad adds the square. */
static void check_first_step(descend_kind kind, descend_dtype param_dtype, descend_dtype state_dtype, const float *grad,
                             const float *state)
{
    descend_config config = descend_config_defaults(kind);
    descend_optimizer *optimizer;
    descend_array param = stored_new(param_dtype, N), own = stored_new(state_dtype, N);
    const descend_tensor tensor = {
        .name = "w", .n = N, .param = param, .grad.data = (void *)(uintptr_t)grad, .state = {own}};
    config.sgd.lr = kind == DESCEND_SGD ? 1 : config.sgd.lr;
    config.sgd.momentum = kind == DESCEND_SGD ? 0.9 : config.sgd.momentum;
    assert_int_equal(descend_optimizer_create(&optimizer, &config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    assert_int_equal(descend_optimizer_step(optimizer, NULL, NULL), DESCEND_OK);
    check_rounding(&own, state, 1);
    if (param_dtype == DESCEND_BF16)
        check_rounding(&param, grad, -1);
    descend_optimizer_destroy(optimizer);
    stored_free(&param);
    stored_free(&own);
}

/* Of either sign and one magnitude; of magnitudes within six binades, which B8 has room for below any of them. */
static void check_values(void)
{
    static float values[N], squares[N];
    uint64_t seed = 1;
    for (unsigned kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < N; i++) {
            const float magnitude = 1 + 0x1p-23f * (float)(random_bits(&seed) >> 41);
            const float ordinary = ldexpf(magnitude, (int)(random_bits(&seed) % 6));
            values[i] = kind == 0 ? 1.0123f : ordinary;
            values[i] = random_bits(&seed) % 2 ? values[i] : -values[i];
            squares[i] = values[i] * values[i];
        }
        check_first_step(DESCEND_SGD, DESCEND_BF16, DESCEND_BF16, values, values);
        check_first_step(DESCEND_SGD, DESCEND_BF16, DESCEND_B8, values, values);
        check_first_step(DESCEND_ADAGRAD, DESCEND_F32, DESCEND_UB8, values, squares);
    }
}

static void rounding_is_right_on_average(void **state)
{
    (void)state;
    for_each_variant(check_values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bits_are_as_random_ones),
        cmocka_unit_test(rounding_is_right_on_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
