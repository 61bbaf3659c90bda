/* SPDX-License-Identifier: MIT */
/* RMSprop. */
#include "formulas/rmsprop.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_rmsprop, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_rmsprop, alpha, SMOOTHING, DESCEND_BAD_ALPHA),
    NUMBER(descend_rmsprop, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_rmsprop, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    NUMBER(descend_rmsprop, momentum, MAGNITUDE, DESCEND_BAD_MOMENTUM),
    FLAG(descend_rmsprop, centered),
    FLAG(descend_rmsprop, maximize),
};

static const descend_state states[] = {
    {"square_avg", false, DESCEND_UB8}, {"grad_avg", false, DESCEND_B8}, {"momentum_buffer", false, DESCEND_B8}};
CHECK_RULE(RMSPROP, descend_rmsprop, struct rmsprop_scalars, 0);

descend_rmsprop descend_rmsprop_defaults(void)
{
    return (descend_rmsprop){.lr = 1e-2, .alpha = 0.99, .eps = 1e-8};
}

static void defaults(void *config)
{
    *(descend_rmsprop *)config = descend_rmsprop_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_rmsprop *c = config;
    struct rmsprop_scalars *k = scalars;
    (void)at;
    k->gradient = gradient_prepare(c->maximize, c->weight_decay);
    k->minus_lr = (float)-c->lr;
    k->alpha = average_prepare(c->alpha);
    k->eps = (float)c->eps;
    k->momentum = (float)c->momentum;
    *options = OPTION(RMSPROP_OPTION_SETS, RMSPROP_DECAY, c->weight_decay != 0) |
               OPTION(RMSPROP_OPTION_SETS, RMSPROP_CENTERED, c->centered) |
               OPTION(RMSPROP_OPTION_SETS, RMSPROP_MOMENTUM, c->momentum != 0);
    return DESCEND_OK;
}

const struct descend_rule descend_rmsprop_rule = {
    RULE_TABLES(RMSPROP, descend_rmsprop, struct rmsprop_scalars),
    .name = "rmsprop",
    .defaults = defaults,
    .used = rmsprop_used,
    .prepare = prepare,
};

descend_status descend_rmsprop_step(const descend_rmsprop *config, uint64_t step, float *param, const float *grad,
                                    float *square_avg, float *grad_avg, float *momentum_buffer, size_t n,
                                    const descend_exec *exec)
{
    float *const state[] = {square_avg, grad_avg, momentum_buffer};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_rmsprop_rule, config, step, param, grad, state, n, exec);
}
