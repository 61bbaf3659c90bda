/* SPDX-License-Identifier: MIT */
/* RAdam: Adam with a rectified rate. */
#include <math.h>

#include "formulas/radam.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_radam, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_radam, beta1, SMOOTHING, DESCEND_BAD_BETA1),
    NUMBER(descend_radam, beta2, SMOOTHING, DESCEND_BAD_BETA2),
    NUMBER(descend_radam, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_radam, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    FLAG(descend_radam, decoupled_weight_decay),
    FLAG(descend_radam, maximize),
};

static const descend_state states[] = {{"exp_avg", false, DESCEND_B8}, {"exp_avg_sq", false, DESCEND_UB8}};
CHECK_RULE(RADAM, descend_radam, struct radam_scalars, 0);

descend_radam descend_radam_defaults(void)
{
    return (descend_radam){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

static void defaults(void *config)
{
    *(descend_radam *)config = descend_radam_defaults();
}

/* The factor that rectifies the rate; false while the variance of the adaptive rate is not tractable. It is computed
 * from differences of nearly equal numbers: only a power that is rounded once gives the doubles that pow gives. */
static bool rectification(double beta2, uint64_t step, float *factor)
{
    const double beta2_t = precise_power(beta2, step);
    const double rho_limit = 2 / (1 - beta2) - 1; /* the paper's rho_infinity */
    const double rho = rho_limit - 2 * (double)step * beta2_t / (1 - beta2_t);
    if (!(rho > 5))
        return false;
    *factor = (float)sqrt((rho - 4) * (rho - 2) * rho_limit / ((rho_limit - 4) * (rho_limit - 2) * rho));
    return true;
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_radam *c = config;
    struct radam_scalars *k = scalars;
    k->gradient = gradient_prepare(c->maximize, c->decoupled_weight_decay ? 0 : c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->lr = (float)c->lr;
    k->eps = (float)c->eps;
    k->correction1 = bias_corrected(bias_correction_itself, 0, c->beta1, at->step);
    k->root_correction2 = bias_corrected(bias_correction_root, 0, c->beta2, at->step);
    k->rectification = 1;
    k->shrink = c->decoupled_weight_decay ? shrink_prepare(c->lr, c->weight_decay) : 1.0f;
    *options = OPTION(RADAM_OPTION_SETS, RADAM_RECTIFIED, rectification(c->beta2, at->step, &k->rectification)) |
               OPTION(RADAM_OPTION_SETS, RADAM_DECAY, c->weight_decay != 0 && !c->decoupled_weight_decay);
    return DESCEND_OK;
}

const struct descend_rule descend_radam_rule = {
    RULE_TABLES(RADAM, descend_radam, struct radam_scalars),
    .name = "radam",
    .defaults = defaults,
    .used = radam_used,
    .prepare = prepare,
};

descend_status descend_radam_step(const descend_radam *config, uint64_t step, float *param, const float *grad,
                                  float *exp_avg, float *exp_avg_sq, size_t n, const descend_exec *exec)
{
    float *const state[] = {exp_avg, exp_avg_sq};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_radam_rule, config, step, param, grad, state, n, exec);
}
