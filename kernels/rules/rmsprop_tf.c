/* SPDX-License-Identifier: MIT */
/* RMSprop as in TensorFlow. */
#include "formulas/rmsprop_tf.h"
#include "rule.h"
#include "rules/coefficients.h"

static const descend_field fields[] = {
    NUMBER(descend_rmsprop_tf, lr, MAGNITUDE, DESCEND_BAD_LR),
    NUMBER(descend_rmsprop_tf, alpha, SMOOTHING, DESCEND_BAD_ALPHA),
    NUMBER(descend_rmsprop_tf, eps, MAGNITUDE, DESCEND_BAD_EPS),
    NUMBER(descend_rmsprop_tf, weight_decay, MAGNITUDE, DESCEND_BAD_WEIGHT_DECAY),
    NUMBER(descend_rmsprop_tf, momentum, MAGNITUDE, DESCEND_BAD_MOMENTUM),
    FLAG(descend_rmsprop_tf, maximize),
};

static const descend_state states[] = {{"square_avg", false, DESCEND_UB8}, {"momentum_buffer", false, DESCEND_B8}};
CHECK_RULE(RMSPROP_TF, descend_rmsprop_tf, struct rmsprop_tf_scalars, 0);

descend_rmsprop_tf descend_rmsprop_tf_defaults(void)
{
    return (descend_rmsprop_tf){.lr = 1e-2, .alpha = 0.9, .eps = 1e-10};
}

static void defaults(void *config)
{
    *(descend_rmsprop_tf *)config = descend_rmsprop_tf_defaults();
}

static descend_status prepare(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options)
{
    const descend_rmsprop_tf *c = config;
    struct rmsprop_tf_scalars *k = scalars;
    (void)at;
    k->gradient = gradient_prepare(c->maximize, c->weight_decay);
    k->alpha = average_prepare(c->alpha);
    k->lr = (float)c->lr;
    k->eps = (float)c->eps;
    k->momentum = (float)c->momentum;
    *options = OPTION(RMSPROP_TF_OPTION_SETS, RMSPROP_TF_DECAY, c->weight_decay != 0);
    return DESCEND_OK;
}

const struct descend_rule descend_rmsprop_tf_rule = {
    RULE_TABLES(RMSPROP_TF, descend_rmsprop_tf, struct rmsprop_tf_scalars),
    .name = "rmsprop_tf",
    .defaults = defaults,
    .used = rmsprop_tf_used,
    .prepare = prepare,
};

descend_status descend_rmsprop_tf_step(const descend_rmsprop_tf *config, uint64_t step, float *param, const float *grad,
                                       float *square_avg, float *momentum_buffer, size_t n, const descend_exec *exec)
{
    float *const state[] = {square_avg, momentum_buffer};
    _Static_assert(LENGTH(state) == LENGTH(states), "arguments are not the states");
    return descend_flat_step(&descend_rmsprop_tf_rule, config, step, param, grad, state, n, exec);
}
