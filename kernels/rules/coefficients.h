/* SPDX-License-Identifier: MIT */
/* Coefficients that several rules share, computed in double from the hyperparameters. */
#ifndef DESCEND_COEFFICIENTS_H
#define DESCEND_COEFFICIENTS_H

#include "formulas/average.h"
#include "formulas/gradient.h"
#include "rules/power.h"

static inline struct average_scalars average_prepare(double beta)
{
    return (struct average_scalars){(float)beta, (float)(1 - beta)};
}

static inline struct gradient_scalars gradient_prepare(bool maximize, double weight_decay)
{
    return (struct gradient_scalars){maximize ? -1.0f : 1.0f, (float)weight_decay};
}

/* A coefficient that depends on a bias correction, as bias_corrected; but where the caller gave a correction, which is
 * not 0, from that. */
static inline float corrected(bias_corrected_function *of, double x, double given, double beta, uint64_t step)
{
    return given == 0 ? bias_corrected(of, x, beta, step) : (float)of(given, x);
}

/* The factor by which decoupled weight decay shrinks the parameter. */
static inline float shrink_prepare(double lr, double weight_decay)
{
    return (float)(1 - lr * weight_decay);
}

#endif
