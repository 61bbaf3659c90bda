/* SPDX-License-Identifier: MIT */
/* Adadelta. */
#include "formulas/adadelta.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_adadelta, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_adadelta, rho, SMOOTHING, DESCEND_BAD_RHO),
    NUMBER(descend_adadelta, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_adadelta, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_adadelta, maximize),
};

static const descend_state states[] = {{"square_avg", false, DESCEND_UB8}, {"acc_delta", false, DESCEND_UB8}};
CHECK_RULE(ADADELTA, descend_adadelta, struct adadelta_scalars, 0);

descend_adadelta descend_adadelta_defaults(void)
{
    return (descend_adadelta){.lr = 1, .rho = 0.9, .eps = 1e-6};
}

static void defaults(void *config)
{
    *(descend_adadelta *)config = descend_adadelta_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_adadelta *c = config;
    struct adadelta_scalars *k = scalars;
    (void)at;
    k->gradient = gradient_prepare(c->maximize, c->weight_decay);
    k->rho = average_prepare(c->rho);
    k->minus_lr = (float)-c->lr;
    k->eps = (float)c->eps;
    *options = OPTION(ADADELTA_OPTION_SETS, ADADELTA_DECAY, c->weight_decay != 0);
    return DESCEND_OK;
}

const struct descend_rule descend_adadelta_rule = {
    RULE_TABLES(ADADELTA, descend_adadelta, struct adadelta_scalars),
    .name = "adadelta",
    .defaults = defaults,
    .used = adadelta_used,
    .prepare = prepare,
};

descend_status descend_adadelta_step(const descend_adadelta *config, uint64_t step, float *param, const float *grad,
                                     float *square_avg, float *acc_delta, size_t n, const descend_exec *exec)
{
    float *const state[] = {square_avg, acc_delta};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_adadelta_rule, config, step, param, grad, state, n, exec);
}
