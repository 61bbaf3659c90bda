/* SPDX-License-Identifier: MIT */
/* What the tests know of AdamW; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_ADAMW_H
#define DESCEND_TESTS_ADAMW_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"
#include "adam.h"

static const struct expected adamw_expected = {
    .number = 4,
    .states = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
    .not_in_torch = "",
    .field =
        {
            FIELD(adamw, lr, NOT_NEGATIVE, LR, DERIVED, 1e-3),
            FIELD(adamw, beta1, SMOOTHING, BETA1, DERIVED, 0.9),
            FIELD(adamw, beta2, SMOOTHING, BETA2, DERIVED, 0.999),
            FIELD(adamw, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-8),
            FIELD(adamw, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DERIVED, 1e-2),
            FLAG(adamw, amsgrad),
            FLAG(adamw, maximize),
        },
};

#define adamw_words adam_words

static bool adamw_config(unsigned bits, descend_adamw *config)
{
    descend_adam like;
    const bool possible = adam_config(bits, &like);
    *config =
        (descend_adamw){like.lr, like.beta1, like.beta2, like.eps, like.weight_decay, like.amsgrad, like.maximize};
    return possible;
}

static unsigned adamw_uses(const descend_adamw *config)
{
    return config->amsgrad ? 7 : 3;
}

/* Loshchilov and Hutter (2019), algorithm 2, the decay multiplied by lr: what is decayed takes Adam's step. */
static void adamw_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_adamw *c = config;
    const descend_adam adam = {.lr = c->lr,
                               .beta1 = c->beta1,
                               .beta2 = c->beta2,
                               .eps = c->eps,
                               .amsgrad = c->amsgrad,
                               .maximize = c->maximize};
    *p = scaled(1 - c->lr * c->weight_decay, *p);
    adam_oracle(&adam, t, p, g, state);
}

static descend_status adamw_step(const void *config, uint64_t step, float *param, const float *grad,
                                 float *const state[], size_t n, const descend_exec *exec)
{
    return descend_adamw_step(config, step, param, grad, state[0], state[1], state[2], n, exec);
}

#endif
