/*
 * What the formulas share before the elementwise work: the ranges of hyperparameters, which are double, and the point
 * of a run at which coefficients are wanted. A coefficient is rounded to float32 once, when it is stored in a formula's
 * struct of scalars; those structs hold floats only, and row.c refuses any that is not finite.
 */
#ifndef DESCEND_SCALARS_H
#define DESCEND_SCALARS_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* The least and the greatest number in a range. Magnitudes are learning rates, decays, eps, momentum; a smoothing is
 * the coefficient of an exponential average, below 1. */
#define RANGE_MAGNITUDE 0, DBL_MAX
#define RANGE_SMOOTHING 0, (1 - DBL_EPSILON / 2)
#define RANGE_FINITE -DBL_MAX, DBL_MAX
#define RANGE_BELOW_1 DBL_TRUE_MIN, (1 - DBL_EPSILON / 2)
#define RANGE_ABOVE_1 (1 + DBL_EPSILON), DBL_MAX

/* An option bit: the first phase is behind (optimizers.def). */
enum { SECOND_PHASE = 1 };

/* A step that is to be taken. */
struct descend_point {
    uint64_t step; /* from 1 on */
    bool first;    /* no step was taken with these state arrays yet */
    float scalar;  /* the optimizer's scalar state through this step, where it has one */
};

#endif
