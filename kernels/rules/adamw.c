/* SPDX-License-Identifier: MIT */
/* AdamW: Adam with decoupled weight decay. */
#include "formulas/adamw.h"
#include "rule.h"
#include "rules/adam.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_adamw, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_adamw, beta1, SMOOTHING, DESCEND_BAD_BETA1),
    NUMBER(descend_adamw, beta2, SMOOTHING, DESCEND_BAD_BETA2),
    NUMBER(descend_adamw, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_adamw, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_adamw, amsgrad),
    FLAG(descend_adamw, maximize),
};

static const descend_state states[] = {
    {"exp_avg", false, DESCEND_B8}, {"exp_avg_sq", false, DESCEND_UB8}, {"max_exp_avg_sq", false, DESCEND_UB8}};
CHECK_RULE(ADAMW, descend_adamw, struct adamw_scalars, 0);

descend_adamw descend_adamw_defaults(void)
{
    return (descend_adamw){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-2};
}

static void defaults(void *config)
{
    *(descend_adamw *)config = descend_adamw_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_adamw *c = config;
    struct adamw_scalars *k = scalars;
    const descend_adam adam = {
        .lr = c->lr, .beta1 = c->beta1, .beta2 = c->beta2, .eps = c->eps, .maximize = c->maximize};
    descend_adam_coefficients(&adam, at, &k->adam);
    k->shrink = shrink_prepare(c->lr, c->weight_decay);
    *options = OPTION(ADAMW_OPTION_SETS, ADAM_AMSGRAD, c->amsgrad);
    return DESCEND_OK;
}

const struct descend_rule descend_adamw_rule = {
    RULE_TABLES(ADAMW, descend_adamw, struct adamw_scalars),
    .name = "adamw",
    .takes_corrections = true,
    .defaults = defaults,
    .used = adamw_used,
    .prepare = prepare,
};

descend_status descend_adamw_step(const descend_adamw *config, uint64_t step, float *param, const float *grad,
                                  float *exp_avg, float *exp_avg_sq, float *max_exp_avg_sq, size_t n,
                                  const descend_exec *exec)
{
    float *const state[] = {exp_avg, exp_avg_sq, max_exp_avg_sq};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_adamw_rule, config, step, param, grad, state, n, exec);
}
