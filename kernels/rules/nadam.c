/* SPDX-License-Identifier: MIT */
/* NAdam: Adam with Nesterov momentum. The scalar state mu_product is the product of the momenta of all steps so far. */
#include <math.h>

#include "formulas/nadam.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_nadam, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_nadam, beta1, SMOOTHING, DESCEND_BAD_BETA1),
    NUMBER(descend_nadam, beta2, SMOOTHING, DESCEND_BAD_BETA2),
    NUMBER(descend_nadam, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_nadam, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    NUMBER(descend_nadam, momentum_decay, MAGNITUDE, DESCEND_BAD_MOMENTUM_DECAY),
    FLAG(descend_nadam, decoupled_weight_decay),
    FLAG(descend_nadam, maximize),
};

static const descend_state states[] = {
    {"exp_avg", false, DESCEND_B8}, {"exp_avg_sq", false, DESCEND_UB8}, {"mu_product", true, DESCEND_F32}};
CHECK_RULE(NADAM, descend_nadam, struct nadam_scalars, 1);

descend_nadam descend_nadam_defaults(void)
{
    return (descend_nadam){.lr = 2e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .momentum_decay = 4e-3};
}

static void defaults(void *config)
{
    *(descend_nadam *)config = descend_nadam_defaults();
}

/* The momentum of a step, by the schedule of momentum_decay. */
static double nadam_mu(const descend_nadam *c, double step)
{
    return c->beta1 * (1 - 0.5 * pow(0.96, step * c->momentum_decay));
}

static float advance(const void *config, uint64_t step, float previous)
{
    return previous * (float)nadam_mu(config, (double)step);
}

static float initial(const void *config, size_t state)
{
    (void)config;
    return state == NADAM_STATES ? 1.0f : 0.0f;
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_nadam *c = config;
    struct nadam_scalars *k = scalars;
    const float mu_product = at->scalar;
    if (!(mu_product >= 0 && mu_product < 1))
        return DESCEND_BAD_MU_PRODUCT;

    const double mu = nadam_mu(c, (double)at->step), mu_next = nadam_mu(c, (double)at->step + 1);
    const float mu_product_next = mu_product * (float)mu_next;
    k->gradient = gradient_prepare(c->maximize, c->decoupled_weight_decay ? 0 : c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->correction2 = bias_corrected(bias_correction_itself, 0, c->beta2, at->step);
    k->eps = (float)c->eps;
    k->minus_grad_step = (float)(-c->lr * (1 - mu) / (1 - (double)mu_product));
    k->minus_step = (float)(-c->lr * mu_next / (1 - (double)mu_product_next));
    k->shrink = c->decoupled_weight_decay ? shrink_prepare(c->lr, c->weight_decay) : 1.0f;
    *options = OPTION(NADAM_OPTION_SETS, NADAM_DECAY, c->weight_decay != 0 && !c->decoupled_weight_decay);
    return DESCEND_OK;
}

const struct descend_rule descend_nadam_rule = {
    RULE_TABLES(NADAM, descend_nadam, struct nadam_scalars),
    .name = "nadam",
    .defaults = defaults,
    .initial = initial,
    .advance = advance,
    .used = nadam_used,
    .prepare = prepare,
};

float descend_nadam_mu_product(const descend_nadam *config, uint64_t step, float previous)
{
    return descend_flat_advance(&descend_nadam_rule, config, step, previous);
}

descend_status descend_nadam_step(const descend_nadam *config, uint64_t step, float mu_product, float *param,
                                  const float *grad, float *exp_avg, float *exp_avg_sq, size_t n,
                                  const descend_exec *exec)
{
    float *const state[] = {exp_avg, exp_avg_sq, &mu_product};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_nadam_rule, config, step, param, grad, state, n, exec);
}
