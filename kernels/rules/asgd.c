/* SPDX-License-Identifier: MIT */
/* Averaged SGD. */
#include <math.h>

#include "formulas/asgd.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_asgd, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_asgd, lambd, MAGNITUDE, DESCEND_BAD_LAMBD),
    NUMBER(descend_asgd, alpha, FINITE, DESCEND_BAD_ALPHA),
    NUMBER(descend_asgd, t0, FINITE, DESCEND_BAD_T0),
    NUMBER(descend_asgd, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_asgd, maximize),
};

static const descend_state states[] = {{"ax", false, DESCEND_F32}};
CHECK_RULE(ASGD, descend_asgd, struct asgd_scalars, 0);

descend_asgd descend_asgd_defaults(void)
{
    return (descend_asgd){.lr = 1e-2, .lambd = 1e-4, .alpha = 0.75, .t0 = 1e6};
}

static void defaults(void *config)
{
    *(descend_asgd *)config = descend_asgd_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_asgd *c = config;
    struct asgd_scalars *k = scalars;
    const double before = (double)(at->step - 1); /* steps taken before this one */
    const float eta = (float)(before > 0 ? c->lr / pow(1 + c->lambd * c->lr * before, c->alpha) : c->lr);
    const double averaged = before - c->t0;
    k->gradient = gradient_prepare(c->maximize, c->weight_decay);
    k->minus_eta = -eta;
    k->shrink = (float)(1 - c->lambd * (double)eta);
    k->mu = before > 0 && averaged > 1 ? (float)(1 / averaged) : 1.0f;
    *options = OPTION(ASGD_OPTION_SETS, ASGD_DECAY, c->weight_decay != 0) |
               OPTION(ASGD_OPTION_SETS, ASGD_AVERAGING, k->mu != 1);
    return DESCEND_OK;
}

const struct descend_rule descend_asgd_rule = {
    RULE_TABLES(ASGD, descend_asgd, struct asgd_scalars),
    .name = "asgd",
    .defaults = defaults,
    .used = asgd_used,
    .prepare = prepare,
};

descend_status descend_asgd_step(const descend_asgd *config, uint64_t step, float *param, const float *grad, float *ax,
                                 size_t n, const descend_exec *exec)
{
    float *const state[] = {ax};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_asgd_rule, config, step, param, grad, state, n, exec);
}
