/* SPDX-License-Identifier: MIT */
/* Adamax. */
#include "formulas/adamax.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_adamax, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_adamax, beta1, SMOOTHING, DESCEND_BAD_BETA1),
    NUMBER(descend_adamax, beta2, SMOOTHING, DESCEND_BAD_BETA2),
    NUMBER(descend_adamax, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_adamax, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_adamax, maximize),
};

static const descend_state states[] = {{"exp_avg", false, DESCEND_B8}, {"exp_inf", false, DESCEND_UB8}};
CHECK_RULE(ADAMAX, descend_adamax, struct adamax_scalars, 0);

descend_adamax descend_adamax_defaults(void)
{
    return (descend_adamax){.lr = 2e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

static void defaults(void *config)
{
    *(descend_adamax *)config = descend_adamax_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_adamax *c = config;
    struct adamax_scalars *k = scalars;
    k->gradient = gradient_prepare(c->maximize, c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = (float)c->beta2;
    k->eps = (float)c->eps;
    k->minus_step_size = corrected(minus_step_size, c->lr, at->bias_correction1, c->beta1, at->step);
    *options = OPTION(ADAMAX_OPTION_SETS, ADAMAX_DECAY, c->weight_decay != 0);
    return DESCEND_OK;
}

const struct descend_rule descend_adamax_rule = {
    RULE_TABLES(ADAMAX, descend_adamax, struct adamax_scalars),
    .name = "adamax",
    .takes_corrections = true,
    .defaults = defaults,
    .used = adamax_used,
    .prepare = prepare,
};

descend_status descend_adamax_step(const descend_adamax *config, uint64_t step, float *param, const float *grad,
                                   float *exp_avg, float *exp_inf, size_t n, const descend_exec *exec)
{
    float *const state[] = {exp_avg, exp_inf};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_adamax_rule, config, step, param, grad, state, n, exec);
}
