/* SPDX-License-Identifier: MIT */
/* LAMB. */
#include "formulas/lamb.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_lamb, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_lamb, beta1, SMOOTHING, DESCEND_BAD_BETA1),
    NUMBER(descend_lamb, beta2, SMOOTHING, DESCEND_BAD_BETA2),
    NUMBER(descend_lamb, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_lamb, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_lamb, maximize),
};

static const descend_state states[] = {{"exp_avg", false, DESCEND_F32}, {"exp_avg_sq", false, DESCEND_F32}};
CHECK_RULE(LAMB, descend_lamb, struct lamb_scalars, 0);

descend_lamb descend_lamb_defaults(void)
{
    return (descend_lamb){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-6};
}

static void defaults(void *config)
{
    *(descend_lamb *)config = descend_lamb_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_lamb *c = config;
    struct lamb_scalars *k = scalars;
    k->sign = c->maximize ? -1.0f : 1.0f;
    k->weight_decay = (float)c->weight_decay;
    k->eps = (float)c->eps;
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->correction1 = corrected(bias_correction_itself, 0, at->bias_correction1, c->beta1, at->step);
    k->root_correction2 = corrected(bias_correction_root, 0, at->bias_correction2, c->beta2, at->step);
    k->inverse_root_correction2 = 1 / k->root_correction2;
    k->minus_step = (float)-c->lr;
    *options = 0;
    return DESCEND_OK;
}

static void after_reduce(const void *config, double ratio, void *scalars)
{
    const descend_lamb *c = config;
    struct lamb_scalars *k = scalars;
    k->minus_step = (float)-(c->lr * ratio);
}

const struct descend_rule descend_lamb_rule = {
    RULE_TABLES(LAMB, descend_lamb, struct lamb_scalars),
    .name = "lamb",
    .takes_corrections = true,
    .defaults = defaults,
    .used = lamb_used,
    .prepare = prepare,
    .after_reduce = after_reduce,
};

descend_status descend_lamb_step(const descend_lamb *config, uint64_t step, float *param, const float *grad,
                                 float *exp_avg, float *exp_avg_sq, size_t n, const descend_exec *exec)
{
    float *const state[] = {exp_avg, exp_avg_sq};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_lamb_rule, config, step, param, grad, state, n, exec);
}
