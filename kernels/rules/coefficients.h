/* Coefficients that several rules share, of hyperparameters in double. */
#ifndef DESCEND_COEFFICIENTS_H
#define DESCEND_COEFFICIENTS_H

#include "formulas/average.h"
#include "formulas/lead_in.h"
#include "rules/power.h"

static inline struct average_scalars average_prepare(double beta)
{
    return (struct average_scalars){(float)beta, (float)(1 - beta)};
}

static inline struct lead_in_scalars lead_in_prepare(bool maximize, double weight_decay)
{
    return (struct lead_in_scalars){maximize ? -1.0f : 1.0f, (float)weight_decay};
}

/* What decoupled weight decay multiplies the parameter by. */
static inline float shrink_prepare(double lr, double weight_decay)
{
    return (float)(1 - lr * weight_decay);
}

#endif
