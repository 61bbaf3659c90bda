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

/* The factor by which decoupled weight decay shrinks the parameter. */
static inline float shrink_prepare(double lr, double weight_decay)
{
    return (float)(1 - lr * weight_decay);
}

#endif
