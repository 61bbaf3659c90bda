/*
 * What the formulas share before the elementwise work: the ranges of hyperparameters. Everything here is double. A
 * coefficient is rounded to float32 once, when it is stored in a formula's struct of scalars; those structs hold floats
 * only, and api.c refuses any that is not finite.
 */
#ifndef DESCEND_SCALARS_H
#define DESCEND_SCALARS_H

#include <math.h>
#include <stdbool.h>

/* Learning rates, decays, eps, momentum. */
static inline bool is_magnitude(double x)
{
    return x >= 0 && isfinite(x);
}

/* The coefficient of an exponential average: alpha, beta, rho. */
static inline bool is_smoothing(double x)
{
    return x >= 0 && x < 1;
}

#endif
