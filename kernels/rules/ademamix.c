/* SPDX-License-Identifier: MIT */
/* AdEMAMix. */
#include <math.h>

#include "formulas/ademamix.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_ademamix, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_ademamix, beta1, SMOOTHING, DESCEND_BAD_BETA1),
    NUMBER(descend_ademamix, beta2, SMOOTHING, DESCEND_BAD_BETA2),
    NUMBER(descend_ademamix, beta3, SMOOTHING, DESCEND_BAD_BETA3),
    NUMBER(descend_ademamix, alpha, MAGNITUDE, DESCEND_BAD_ALPHA),
    NUMBER(descend_ademamix, beta3_warmup, MAGNITUDE, DESCEND_BAD_BETA3_WARMUP),
    NUMBER(descend_ademamix, alpha_warmup, MAGNITUDE, DESCEND_BAD_ALPHA_WARMUP),
    NUMBER(descend_ademamix, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_ademamix, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_ademamix, maximize),
};

static const descend_state states[] = {
    {"exp_avg_fast", false, DESCEND_B8}, {"exp_avg_slow", false, DESCEND_B8}, {"exp_avg_sq", false, DESCEND_UB8}};
CHECK_RULE(ADEMAMIX, descend_ademamix, struct ademamix_scalars, 0);

descend_ademamix descend_ademamix_defaults(void)
{
    return (descend_ademamix){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .beta3 = 0.9999, .alpha = 5, .eps = 1e-8};
}

static void defaults(void *config)
{
    *(descend_ademamix *)config = descend_ademamix_defaults();
}

/* beta3 in its warm-up from beta1: the reciprocal of its logarithm, and so its half-life, changes linearly. Equation 6
 * of the paper, with numerator and denominator divided by ln beta1, which may be infinite. */
static double beta3_at(const descend_ademamix *c, double step)
{
    if (step >= c->beta3_warmup || c->beta3 == 0)
        return c->beta3;
    const double share = step / c->beta3_warmup, log_beta3 = log(c->beta3);
    return fmin(exp(log_beta3 / ((1 - share) * (log_beta3 / log(c->beta1)) + share)), c->beta3);
}

static double alpha_at(const descend_ademamix *c, double step)
{
    return step >= c->alpha_warmup ? c->alpha : c->alpha * (step / c->alpha_warmup);
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_ademamix *c = config;
    struct ademamix_scalars *k = scalars;
    const double step = (double)at->step;
    k->sign = c->maximize ? -1.0f : 1.0f;
    k->eps = (float)c->eps;
    k->shrink = shrink_prepare(c->lr, c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->beta3 = average_prepare(beta3_at(c, step));
    k->minus_fast_step = corrected(minus_step_size, c->lr, at->bias_correction1, c->beta1, at->step);
    k->minus_slow_step = (float)-(c->lr * alpha_at(c, step));
    k->root_correction2 = corrected(bias_correction_root, 0, at->bias_correction2, c->beta2, at->step);
    k->inverse_root_correction2 = 1 / k->root_correction2;
    *options = 0;
    return DESCEND_OK;
}

const struct descend_rule descend_ademamix_rule = {
    RULE_TABLES(ADEMAMIX, descend_ademamix, struct ademamix_scalars),
    .name = "ademamix",
    .takes_corrections = true,
    .defaults = defaults,
    .used = ademamix_used,
    .prepare = prepare,
};

descend_status descend_ademamix_step(const descend_ademamix *config, uint64_t step, float *param, const float *grad,
                                     float *exp_avg_fast, float *exp_avg_slow, float *exp_avg_sq, size_t n,
                                     const descend_exec *exec)
{
    float *const state[] = {exp_avg_fast, exp_avg_slow, exp_avg_sq};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_ademamix_rule, config, step, param, grad, state, n, exec);
}
