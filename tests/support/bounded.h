/* SPDX-License-Identifier: MIT */
/*
 * Numbers for the oracles: a value in double, and how far from it the same quantity may be when it was computed in
 * float32.
 *
 * An oracle writes the paper's formula in these. plus, minus, times, over and root hand the errors of their operands
 * on, as interval arithmetic does, and add none; where float32 rounds is said by rounded(k, x): x is a sum, or a
 * product of factors, whose computation rounds k times, in whatever order it is done. That counts the roundings of
 * docs/numerics.md, one for each operation and each coefficient, without following its order of operations:
 *
 *   - One rounding to nearest is wrong by at most 2^-24 relative. k of them in a product, quotient or square root of
 *     factors multiply it by (1 + d1)…(1 + dk), |di| <= 2^-24 (Higham, "Accuracy and stability of numerical
 *     algorithms", 2nd edition, lemma 3.1; a root halves what is under it, so counting it whole is safe).
 *   - 2^-40 more for each covers (1 + d1)…(1 + dk) - 1 - k·2^-24, at most k·k·2^-49, and what the library's and the
 *     oracle's double arithmetic is wrong by. The worst of that is 1 - b^t, less than 2^-52/(1 - b): under 2^-41 for
 *     the b of the tests.
 *   - Subnormals would be wrong by more, so a value below 2^-90 that is not 0 has no bound, nor has one above 2^90: the
 *     test's coefficients, gradients and roots, which stand between it and any intermediate result, are within 2^±36.
 *
 * No bound is an infinite error.
 */
#ifndef DESCEND_TESTS_BOUNDED_H
#define DESCEND_TESTS_BOUNDED_H

#include <math.h>
#include <stdbool.h>

struct bounded {
    double value, error;
};

static inline struct bounded exact(double value)
{
    return (struct bounded){value, 0};
}

static inline struct bounded rounded(int k, struct bounded x)
{
    const double largest = fabs(x.value) + x.error;
    if (largest == 0)
        return x;
    if (largest < 0x1p-90 || !(largest < 0x1p90))
        return (struct bounded){x.value, INFINITY};
    return (struct bounded){x.value, x.error + largest * k * (0x1p-24 + 0x1p-40)};
}

static inline struct bounded plus(struct bounded a, struct bounded b)
{
    return (struct bounded){a.value + b.value, a.error + b.error};
}

static inline struct bounded minus(struct bounded a, struct bounded b)
{
    return (struct bounded){a.value - b.value, a.error + b.error};
}

static inline struct bounded times(struct bounded a, struct bounded b)
{
    return (struct bounded){a.value * b.value, fabs(a.value) * b.error + a.error * fabs(b.value) + a.error * b.error};
}

/* a'/b' - a/b = ((a' - a) - (b' - b)·a/b) / b' */
static inline struct bounded over(struct bounded a, struct bounded b)
{
    const double quotient = a.value / b.value, smallest = fabs(b.value) - b.error;
    return (struct bounded){quotient, smallest > 0 ? (a.error + fabs(quotient) * b.error) / smallest : INFINITY};
}

/* √x' - √x = (x' - x) / (√x' + √x). No bound where x' may be negative, for float32 then has NaN. */
static inline struct bounded root(struct bounded x)
{
    const double value = sqrt(fmax(x.value, 0));
    if (x.error == 0 && x.value >= 0)
        return exact(value);
    return (struct bounded){value, x.value > x.error ? x.error / (sqrt(x.value - x.error) + value) : INFINITY};
}

/* |x'| differs from |x| by no more than x' from x. */
static inline struct bounded magnitude(struct bounded x)
{
    return (struct bounded){fabs(x.value), x.error};
}

/* The operand that is larger for certain, as it is; else the maximum moves by no more than its operands do. */
static inline struct bounded larger(struct bounded a, struct bounded b)
{
    if (a.value - a.error > b.value + b.error)
        return a;
    if (b.value - b.error > a.value + a.error)
        return b;
    return (struct bounded){fmax(a.value, b.value), fmax(a.error, b.error)};
}

static inline struct bounded smaller(struct bounded a, struct bounded b)
{
    const struct bounded negative = larger(minus(exact(0), a), minus(exact(0), b));
    return minus(exact(0), negative);
}

/* A coefficient times x: the coefficient was rounded, then the product; 1 leaves x as it is. */
static inline struct bounded scaled(double coefficient, struct bounded x)
{
    return rounded(coefficient == 1 ? 0 : 2, times(exact(coefficient), x));
}

/* An exponential average after x; of squares, where the square has three roundings, of the coefficient and two
 * products. */
static inline struct bounded averaged(double beta, struct bounded mean, struct bounded x)
{
    return rounded(1, plus(scaled(beta, mean), scaled(1 - beta, x)));
}

static inline struct bounded averaged_square(double beta, struct bounded mean, struct bounded x)
{
    return rounded(1, plus(scaled(beta, mean), rounded(3, times(exact(1 - beta), times(x, x)))));
}

/* The gradient that the formula of the paper sees: that of the loss with its L2 penalty, negated to ascend. */
static inline struct bounded loss_gradient(double weight_decay, bool maximize, struct bounded p, struct bounded g)
{
    if (maximize)
        g.value = -g.value;
    return weight_decay != 0 ? rounded(1, plus(g, scaled(weight_decay, p))) : g;
}

#endif
