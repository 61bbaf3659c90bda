/* SPDX-License-Identifier: MIT */
/* What the tests know of RMSprop; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_RMSPROP_H
#define DESCEND_TESTS_RMSPROP_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected rmsprop_expected = {
    .number = 2,
    .states = {"square_avg", "grad_avg", "momentum_buffer"},
    .not_in_torch = "",
    .field =
        {
            FIELD(rmsprop, lr, NOT_NEGATIVE, LR, DIRECT, 1e-2),
            FIELD(rmsprop, alpha, SMOOTHING, ALPHA, DERIVED, 0.99),
            FIELD(rmsprop, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-8),
            FIELD(rmsprop, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FIELD(rmsprop, momentum, NOT_NEGATIVE, MOMENTUM, DIRECT, 0),
            FLAG(rmsprop, centered),
            FLAG(rmsprop, maximize),
        },
};

static const char *const rmsprop_words[] = {"weight_decay", "maximize", "centered", "momentum", NULL};

static bool rmsprop_config(unsigned bits, descend_rmsprop *config)
{
    *config = (descend_rmsprop){.lr = 0.0027,
                                .alpha = 0.97,
                                .eps = 1e-7,
                                .weight_decay = bits & 1 ? 0.013 : 0,
                                .momentum = bits & 8 ? 0.9 : 0,
                                .centered = bits & 4,
                                .maximize = bits & 2};
    return true;
}

static unsigned rmsprop_uses(const descend_rmsprop *config)
{
    return 1u | (config->centered ? 2 : 0) | (config->momentum > 0 ? 4 : 0);
}

/* Hinton's lecture 6e; centered and momentum from Graves (2013), eq. 38-45, but for eps, which is outside the root. */
static void rmsprop_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_rmsprop *c = config;
    struct bounded *s = &state[0], *a = &state[1], *b = &state[2];
    (void)t;
    g = loss_gradient(c->weight_decay, c->maximize, *p, g);
    *s = averaged_square(c->alpha, *s, g);
    struct bounded variance = *s;
    if (c->centered) {
        *a = averaged(c->alpha, *a, g);
        variance = rounded(1, minus(*s, rounded(1, times(*a, *a))));
    }
    const struct bounded deviation = rounded(1, plus(rounded(1, root(variance)), rounded(1, exact(c->eps))));
    if (c->momentum > 0) {
        *b = rounded(1, plus(scaled(c->momentum, *b), rounded(1, over(g, deviation))));
        *p = rounded(1, minus(*p, scaled(c->lr, *b)));
    } else /* lr, its product, the quotient */
        *p = rounded(1, minus(*p, rounded(3, over(times(exact(c->lr), g), deviation))));
}

static descend_status rmsprop_step(const void *config, uint64_t step, float *param, const float *grad,
                                   float *const state[], size_t n, const descend_exec *exec)
{
    return descend_rmsprop_step(config, step, param, grad, state[0], state[1], state[2], n, exec);
}

#endif
