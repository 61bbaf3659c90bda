/* SPDX-License-Identifier: MIT */
/* Adam. */
#include "rules/adam.h"

#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_adam, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_adam, beta1, SMOOTHING, DESCEND_BAD_BETA1),
    NUMBER(descend_adam, beta2, SMOOTHING, DESCEND_BAD_BETA2),
    NUMBER(descend_adam, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_adam, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_adam, amsgrad),
    FLAG(descend_adam, maximize),
};

static const descend_state states[] = {
    {"exp_avg", false, DESCEND_B8}, {"exp_avg_sq", false, DESCEND_UB8}, {"max_exp_avg_sq", false, DESCEND_UB8}};
CHECK_RULE(ADAM, descend_adam, struct adam_scalars, 0);

descend_adam descend_adam_defaults(void)
{
    return (descend_adam){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

static void defaults(void *config)
{
    *(descend_adam *)config = descend_adam_defaults();
}

void descend_adam_coefficients(const descend_adam *c, const struct descend_step_context *at, struct adam_scalars *k)
{
    k->gradient = gradient_prepare(c->maximize, c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->eps = (float)c->eps;
    k->minus_step_size = corrected(minus_step_size, c->lr, at->bias_correction1, c->beta1, at->step);
    k->root_correction2 = corrected(bias_correction_root, 0, at->bias_correction2, c->beta2, at->step);
    k->inverse_root_correction2 = 1 / k->root_correction2;
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_adam *c = config;
    struct adam_scalars *k = scalars;
    descend_adam_coefficients(c, at, k);
    *options =
        OPTION(ADAM_OPTION_SETS, ADAM_DECAY, c->weight_decay != 0) | OPTION(ADAM_OPTION_SETS, ADAM_AMSGRAD, c->amsgrad);
    return DESCEND_OK;
}

const struct descend_rule descend_adam_rule = {
    RULE_TABLES(ADAM, descend_adam, struct adam_scalars),
    .name = "adam",
    .takes_corrections = true,
    .defaults = defaults,
    .used = adam_used,
    .prepare = prepare,
};

descend_status descend_adam_step(const descend_adam *config, uint64_t step, float *param, const float *grad,
                                 float *exp_avg, float *exp_avg_sq, float *max_exp_avg_sq, size_t n,
                                 const descend_exec *exec)
{
    float *const state[] = {exp_avg, exp_avg_sq, max_exp_avg_sq};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_adam_rule, config, step, param, grad, state, n, exec);
}
