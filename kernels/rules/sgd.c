/* SPDX-License-Identifier: MIT */
/* SGD with momentum. */
#include "formulas/sgd.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_sgd, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_sgd, momentum, MAGNITUDE, DESCEND_BAD_MOMENTUM),
    NUMBER(descend_sgd, dampening, FINITE, DESCEND_BAD_DAMPENING),
    NUMBER(descend_sgd, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_sgd, nesterov),
    FLAG(descend_sgd, maximize),
};

static const descend_state states[] = {{"momentum_buffer", false, DESCEND_B8}};
CHECK_RULE(SGD, descend_sgd, struct sgd_scalars, 0);

descend_sgd descend_sgd_defaults(void)
{
    return (descend_sgd){.lr = 1e-3};
}

static void defaults(void *config)
{
    *(descend_sgd *)config = descend_sgd_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_sgd *c = config;
    struct sgd_scalars *k = scalars;
    const bool momentum = c->momentum != 0;
    unsigned mode = SGD_PLAIN;
    if (c->nesterov && (!momentum || c->dampening != 0))
        return DESCEND_BAD_NESTEROV;

    k->gradient = gradient_prepare(c->maximize, c->weight_decay);
    k->minus_lr = (float)-c->lr;
    k->momentum = (float)c->momentum;
    k->undampened = momentum ? (float)(1 - c->dampening) : 1.0f;
    if (c->nesterov)
        mode = at->first ? SGD_NESTEROV_FIRST : SGD_NESTEROV;
    else if (momentum)
        mode = at->first ? SGD_MOMENTUM_FIRST : SGD_MOMENTUM;
    *options = mode | OPTION(SGD_OPTION_SETS, SGD_DECAY, c->weight_decay != 0);
    return DESCEND_OK;
}

const struct descend_rule descend_sgd_rule = {
    RULE_TABLES(SGD, descend_sgd, struct sgd_scalars),
    .name = "sgd",
    .defaults = defaults,
    .used = sgd_used,
    .prepare = prepare,
};

descend_status descend_sgd_step(const descend_sgd *config, uint64_t step, float *param, const float *grad,
                                float *momentum_buffer, size_t n, const descend_exec *exec)
{
    float *const state[] = {momentum_buffer};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_sgd_rule, config, step, param, grad, state, n, exec);
}
