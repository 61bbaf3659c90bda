/* SPDX-License-Identifier: MIT */
/*
 * vf_quotient is the correctly rounded x / d wherever a kernel uses it: x the root of a float32, d = f32(sqrt(1 -
 * b^t)). Scaling x by a power of two scales quotient, residual and sum alike unless one leaves the normal numbers; so
 * every mantissa of x in two neighbouring binades, and every exponent at the edges, are all there is, for one d.
 */
#include "isa_quotient.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "test.h"

enum { CHUNK = 4096, MANTISSAS = 1 << 23 };

struct variant {
    const char *isa;
    quotient_function *quotient;
};
#define ISA(name) {#name, quotient_##name},
static const struct variant built[] = {DESCEND_ISAS};
#undef ISA

static void check(const struct variant *variant, const float x[CHUNK], float d)
{
    static float expected[CHUNK], actual[CHUNK];
    for (size_t i = 0; i < CHUNK; i++)
        expected[i] = x[i] / d;
    variant->quotient(x, d, actual, CHUNK);
    const size_t i = first_difference(expected, actual, CHUNK);
    if (i < CHUNK)
        fail_msg("%s: %a / %a is %a, not %a", variant->isa, (double)x[i], (double)d, (double)expected[i],
                 (double)actual[i]);
}

/* Every x in [1, 4). */
static void check_mantissas(const struct variant *variant, float d)
{
    static float x[CHUNK];
    for (uint32_t first = 0; first < 2 * MANTISSAS; first += CHUNK) {
        for (uint32_t i = 0; i < CHUNK; i++) {
            const uint32_t bits = 0x3f800000 + first + i;
            memcpy(&x[i], &bits, sizeof bits);
        }
        check(variant, x, d);
    }
}

/* Every exponent that a root has, with mantissas at both ends and between; zero, infinity, NaN. */
static void check_exponents(const struct variant *variant, float d)
{
    static float x[CHUNK];
    uint64_t seed = 1;
    for (int exponent = -75; exponent < 64; exponent++) {
        for (size_t i = 0; i < CHUNK; i++) {
            const uint64_t bits = i < 64 ? i : i < 128 ? MANTISSAS - 1 - (i - 64) : random_bits(&seed) % MANTISSAS;
            x[i] = ldexpf(1 + (float)bits * 0x1p-23f, exponent);
        }
        x[128] = 0, x[129] = INFINITY, x[130] = NAN;
        x[131] = sqrtf(0x1p-149f), x[132] = sqrtf(FLT_MAX), x[133] = sqrtf(FLT_MIN);
        check(variant, x, d);
    }
}

/* Divisors: the ends of the range, mantissas at the ends of a binade, those of common betas, random ones. */
static size_t divisors(float *d, size_t most)
{
    static const double betas[] = {0, 0.5, 0.9, 0.95, 0.98, 0.99, 0.999, 0.9999, 0.999999, 1 - 0x1p-53};
    size_t count = 0;
    uint64_t seed = 2;
    d[count++] = 1;
    for (int i = 1; i <= 3; i++) {
        d[count++] = 1 - (float)i * 0x1p-24f;
        d[count++] = 0.5f + (float)i * 0x1p-24f;
    }
    for (size_t b = 0; b < sizeof betas / sizeof *betas; b++)
        for (int step = 1; step <= 1000; step *= 10)
            d[count++] = (float)sqrt(1 - pow(betas[b], step));
    for (; count < most; count++)
        d[count] = ldexpf(1 + (float)(random_bits(&seed) % MANTISSAS) * 0x1p-23f, -1 - (int)(count % 26));
    return count;
}

enum { DIVISORS = 1000, EXHAUSTIVE = 16 };

static void every_mantissa(void **state)
{
    (void)state;
    float d[DIVISORS];
    const size_t count = divisors(d, DIVISORS);
    for (size_t v = 0; v < sizeof built / sizeof *built; v++)
        for (size_t i = 0; i < count && descend_isa_supported(built[v].isa); i += i < 8 ? 1 : count / EXHAUSTIVE)
            check_mantissas(&built[v], d[i]);
}

static void every_exponent(void **state)
{
    (void)state;
    float d[DIVISORS];
    const size_t count = divisors(d, DIVISORS);
    for (size_t v = 0; v < sizeof built / sizeof *built; v++)
        for (size_t i = 0; i < count && descend_isa_supported(built[v].isa); i += i < 100 ? 1 : 50)
            check_exponents(&built[v], d[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_mantissa), cmocka_unit_test(every_exponent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
