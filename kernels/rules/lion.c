/* SPDX-License-Identifier: MIT */
/* Lion. */
#include "formulas/lion.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_lion, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_lion, beta1, SMOOTHING, DESCEND_BAD_BETA1),
    NUMBER(descend_lion, beta2, SMOOTHING, DESCEND_BAD_BETA2),
    NUMBER(descend_lion, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_lion, maximize),
};

static const descend_state states[] = {{"exp_avg", false, DESCEND_B8}};
CHECK_RULE(LION, descend_lion, struct lion_scalars, 0);

descend_lion descend_lion_defaults(void)
{
    return (descend_lion){.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.99};
}

static void defaults(void *config)
{
    *(descend_lion *)config = descend_lion_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_lion *c = config;
    struct lion_scalars *k = scalars;
    (void)at;
    k->sign = c->maximize ? -1.0f : 1.0f;
    k->minus_lr = (float)-c->lr;
    k->shrink = shrink_prepare(c->lr, c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    *options = 0;
    return DESCEND_OK;
}

const struct descend_rule descend_lion_rule = {
    RULE_TABLES(LION, descend_lion, struct lion_scalars),
    .name = "lion",
    .defaults = defaults,
    .used = lion_used,
    .prepare = prepare,
};

descend_status descend_lion_step(const descend_lion *config, uint64_t step, float *param, const float *grad,
                                 float *exp_avg, size_t n, const descend_exec *exec)
{
    float *const state[] = {exp_avg};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_lion_rule, config, step, param, grad, state, n, exec);
}
