/* SPDX-License-Identifier: MIT */
/* Rule 9 of docs/numerics.md: the coefficients from the library's powers are those from pow, in float32. */
#include <math.h>
#include <stddef.h>

#include "data.h"
#include "rules/power.h"
#include "test.h"

enum { CASES = 4000000 };

static double step_size(double bias_correction, double lr)
{
    return -(lr / bias_correction);
}

static double square_root(double bias_correction, double unused)
{
    (void)unused;
    return sqrt(bias_correction);
}

static void check(double beta, uint64_t step, double lr)
{
    const double correction = 1 - pow(beta, (double)step);
    const float sizes[] = {bias_corrected(step_size, lr, beta, step), (float)step_size(correction, lr)};
    const float roots[] = {bias_corrected(square_root, 0, beta, step), (float)square_root(correction, 0)};
    if (sizes[0] != sizes[1] || roots[0] != roots[1])
        fail_msg("beta %a, step %llu: step size %a, by pow %a; root %a, by pow %a", beta, (unsigned long long)step,
                 (double)sizes[0], (double)sizes[1], (double)roots[0], (double)roots[1]);
}

/* beta from 0.5 to 1 - 1e-5, steps to 60000, as the rule states; plain squaring fails some 6 of as many. */
static void random_coefficients(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < CASES; i++) {
        const double u = (double)(random_bits(&seed) >> 11) * 0x1p-53;
        check(1 - 0.5 * pow(2e-5, u), 1 + random_bits(&seed) % 60000, 1e-3 + 1e-6 * (double)(i % 1000));
    }
}

static void edges(void **state)
{
    (void)state;
    static const double betas[] = {0, 0x1p-1074, 1e-30, 0x1p-60, 0.1, 0.5, 0.9, 0.999, 0.9999999, 1 - 0x1p-53};
    for (size_t i = 0; i < sizeof betas / sizeof *betas; i++) {
        for (uint64_t step = 1; step <= 100; step++)
            check(betas[i], step, 1e-3);
        for (int log2 = 7; log2 <= 53; log2++)
            check(betas[i], UINT64_C(1) << log2, 1e-3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_coefficients), cmocka_unit_test(edges)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
