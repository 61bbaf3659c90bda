/* SPDX-License-Identifier: MIT */
/* Adagrad. */
#include "formulas/adagrad.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_adagrad, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_adagrad, lr_decay, MAGNITUDE, DESCEND_BAD_LR_DECAY),
    NUMBER(descend_adagrad, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    NUMBER(descend_adagrad, initial_accumulator_value, MAGNITUDE, DESCEND_BAD_INITIAL_ACCUMULATOR_VALUE),
    NUMBER(descend_adagrad, eps, MAGNITUDE, DESCEND_BAD_EPS),
    FLAG(descend_adagrad, maximize),
};

static const descend_state states[] = {{"sum", false, DESCEND_UB8}};
CHECK_RULE(ADAGRAD, descend_adagrad, struct adagrad_scalars, 0);

descend_adagrad descend_adagrad_defaults(void)
{
    return (descend_adagrad){.lr = 1e-2, .eps = 1e-10};
}

static void defaults(void *config)
{
    *(descend_adagrad *)config = descend_adagrad_defaults();
}

static float initial(const void *config, size_t state)
{
    (void)state;
    return (float)((const descend_adagrad *)config)->initial_accumulator_value;
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_adagrad *c = config;
    struct adagrad_scalars *k = scalars;
    k->gradient = gradient_prepare(c->maximize, c->weight_decay);
    k->minus_lr = (float)-(c->lr / (1 + (double)(at->step - 1) * c->lr_decay));
    k->eps = (float)c->eps;
    k->start = (float)c->initial_accumulator_value;
    *options = OPTION(ADAGRAD_OPTION_SETS, ADAGRAD_DECAY, c->weight_decay != 0);
    return DESCEND_OK;
}

const struct descend_rule descend_adagrad_rule = {
    RULE_TABLES(ADAGRAD, descend_adagrad, struct adagrad_scalars),
    .name = "adagrad",
    .defaults = defaults,
    .initial = initial,
    .used = adagrad_used,
    .prepare = prepare,
};

descend_status descend_adagrad_step(const descend_adagrad *config, uint64_t step, float *param, const float *grad,
                                    float *sum, size_t n, const descend_exec *exec)
{
    float *const state[] = {sum};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_adagrad_rule, config, step, param, grad, state, n, exec);
}
