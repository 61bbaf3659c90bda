/* SPDX-License-Identifier: MIT */
/* Rprop. */
#include "formulas/rprop.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_rprop, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_rprop, eta_minus, BELOW_1, DESCEND_BAD_ETA_MINUS),
    NUMBER(descend_rprop, eta_plus, ABOVE_1, DESCEND_BAD_ETA_PLUS),
    NUMBER(descend_rprop, step_size_min, FINITE, DESCEND_BAD_STEP_SIZE_MIN),
    NUMBER(descend_rprop, step_size_max, FINITE, DESCEND_BAD_STEP_SIZE_MAX),
    FLAG(descend_rprop, maximize),
};

static const descend_state states[] = {{"prev", false, DESCEND_F32}, {"step_size", false, DESCEND_F32}};
CHECK_RULE(RPROP, descend_rprop, struct rprop_scalars, 0);

descend_rprop descend_rprop_defaults(void)
{
    return (descend_rprop){.lr = 1e-2, .eta_minus = 0.5, .eta_plus = 1.2, .step_size_min = 1e-6, .step_size_max = 50};
}

static void defaults(void *config)
{
    *(descend_rprop *)config = descend_rprop_defaults();
}

static float initial(const void *config, size_t state)
{
    return state == 1 ? (float)((const descend_rprop *)config)->lr : 0.0f;
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_rprop *c = config;
    struct rprop_scalars *k = scalars;
    (void)at;
    if (c->step_size_min > c->step_size_max)
        return DESCEND_BAD_STEP_SIZE_MAX;

    k->sign = c->maximize ? -1.0f : 1.0f;
    k->eta_minus = (float)c->eta_minus;
    k->eta_plus = (float)c->eta_plus;
    k->step_size_min = (float)c->step_size_min;
    k->step_size_max = (float)c->step_size_max;
    k->start = (float)c->lr;
    *options = 0;
    return DESCEND_OK;
}

const struct descend_rule descend_rprop_rule = {
    RULE_TABLES(RPROP, descend_rprop, struct rprop_scalars),
    .name = "rprop",
    .defaults = defaults,
    .initial = initial,
    .used = rprop_used,
    .prepare = prepare,
};

descend_status descend_rprop_step(const descend_rprop *config, uint64_t step, float *param, const float *grad,
                                  float *prev, float *step_size, size_t n, const descend_exec *exec)
{
    float *const state[] = {prev, step_size};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_rprop_rule, config, step, param, grad, state, n, exec);
}
