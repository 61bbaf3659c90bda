/* SPDX-License-Identifier: MIT */
/*
 * The bias corrections 1 - beta^t (docs/numerics.md, rule 9): faster than with pow, the same on every machine, and the
 * float32 coefficients computed from them are those that a correctly rounded power gives.
 */
#ifndef DESCEND_POWER_H
#define DESCEND_POWER_H

#include <math.h>
#include <stdint.h>

/* A power below this counts as 0: 1 minus it rounds to 1. */
#define POWER_VANISHES 0x1p-60

/* base^exponent by repeated squaring; base in [0, 1), exponent >= 1. The relative error is within 2^-53 * 2 *
 * exponent. */
static inline double power(double base, uint64_t exponent)
{
    double result = 1;
    for (;; base *= base, exponent >>= 1) {
        if (base < POWER_VANISHES)
            return 0;
        if (exponent & 1)
            result *= base;
        if (exponent <= 1)
            return result;
    }
}

/* The unevaluated sum high + low: a number of about 106 bits. */
struct double_double {
    double high, low;
};

/* Dekker, "A floating-point technique for extending the available precision" (1971): the exact product of two doubles
 * without FMA, extended to double-double operands. */
static inline struct double_double double_double_mul(struct double_double a, struct double_double b)
{
    const double split = 0x1p27 + 1;
    const double a_big = split * a.high, a_high = a_big - (a_big - a.high), a_low = a.high - a_high;
    const double b_big = split * b.high, b_high = b_big - (b_big - b.high), b_low = b.high - b_high;
    const double product = a.high * b.high;
    const double error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    const double low = error + (a.high * b.low + a.low * b.high);
    const double high = product + low;
    return (struct double_double){high, low - (high - product)};
}

/* base^exponent with a single rounding, at the end. */
static inline double precise_power(double base, uint64_t exponent)
{
    struct double_double square = {base, 0}, result = {1, 0};
    for (;; square = double_double_mul(square, square), exponent >>= 1) {
        if (square.high < POWER_VANISHES)
            return 0;
        if (exponent & 1)
            result = double_double_mul(result, square);
        if (exponent <= 1)
            return result.high;
    }
}

/* A coefficient as a function of a bias correction and of one more number. */
typedef double bias_corrected_function(double bias_correction, double x);

static inline double bias_correction_itself(double bias_correction, double unused)
{
    (void)unused;
    return bias_correction;
}

static inline double bias_correction_root(double bias_correction, double unused)
{
    (void)unused;
    return sqrt(bias_correction);
}

static inline double minus_step_size(double bias_correction, double lr)
{
    return -(lr / bias_correction);
}

/* The coefficient of(1 - beta^step, x) in float32. Where the error of power() could change the rounding, in about 2
 * cases of 10,000, precise_power() is used. */
static inline float bias_corrected(bias_corrected_function *of, double x, double beta, uint64_t step)
{
    const double coefficient = of(1 - power(beta, step), x);
    const double margin = 0x1p-50 / (1 - beta) + 0x1p-50;
    const float rounded = (float)(coefficient * (1 - margin));
    if (rounded == (float)(coefficient * (1 + margin)))
        return rounded;
    return (float)of(1 - precise_power(beta, step), x);
}

#endif
