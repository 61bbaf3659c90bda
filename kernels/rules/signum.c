/* SPDX-License-Identifier: MIT */
/* Signum. */
#include "formulas/signum.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_signum, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_signum, beta, SMOOTHING, DESCEND_BAD_BETA),
    NUMBER(descend_signum, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_signum, maximize),
};

static const descend_state states[] = {{"exp_avg", false, DESCEND_B8}};
CHECK_RULE(SIGNUM, descend_signum, struct signum_scalars, 0);

descend_signum descend_signum_defaults(void)
{
    return (descend_signum){.lr = 1e-4, .beta = 0.9};
}

static void defaults(void *config)
{
    *(descend_signum *)config = descend_signum_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_signum *c = config;
    struct signum_scalars *k = scalars;
    (void)at;
    k->sign = c->maximize ? -1.0f : 1.0f;
    k->minus_lr = (float)-c->lr;
    k->shrink = shrink_prepare(c->lr, c->weight_decay);
    k->beta = average_prepare(c->beta);
    *options = OPTION(SIGNUM_OPTION_SETS, SIGNUM_AVERAGE, c->beta != 0);
    return DESCEND_OK;
}

const struct descend_rule descend_signum_rule = {
    RULE_TABLES(SIGNUM, descend_signum, struct signum_scalars),
    .name = "signum",
    .defaults = defaults,
    .used = signum_used,
    .prepare = prepare,
};

descend_status descend_signum_step(const descend_signum *config, uint64_t step, float *param, const float *grad,
                                   float *exp_avg, size_t n, const descend_exec *exec)
{
    float *const state[] = {exp_avg};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_signum_rule, config, step, param, grad, state, n, exec);
}
