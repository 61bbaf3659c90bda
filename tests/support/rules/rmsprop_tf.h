/* SPDX-License-Identifier: MIT */
/* What the tests know of TensorFlow's RMSprop; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_RMSPROP_TF_H
#define DESCEND_TESTS_RMSPROP_TF_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected rmsprop_tf_expected = {
    .number = 14,
    .states = {"square_avg", "momentum_buffer"},
    .not_in_torch = "all",
    .field =
        {
            FIELD(rmsprop_tf, lr, NOT_NEGATIVE, LR, DIRECT, 1e-2),
            FIELD(rmsprop_tf, alpha, SMOOTHING, ALPHA, DERIVED, 0.9),
            FIELD(rmsprop_tf, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-10),
            FIELD(rmsprop_tf, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FIELD(rmsprop_tf, momentum, NOT_NEGATIVE, MOMENTUM, DIRECT, 0),
            FLAG(rmsprop_tf, maximize),
        },
};

static const char *const rmsprop_tf_words[] = {"weight_decay", "maximize", "momentum", NULL};

static bool rmsprop_tf_config(unsigned bits, descend_rmsprop_tf *config)
{
    *config = (descend_rmsprop_tf){.lr = 0.0027,
                                   .alpha = 0.97,
                                   .eps = 1e-7,
                                   .weight_decay = bits & 1 ? 0.013 : 0,
                                   .momentum = bits & 4 ? 0.9 : 0,
                                   .maximize = bits & 2};
    return true;
}

static unsigned rmsprop_tf_uses(const descend_rmsprop_tf *config)
{
    (void)config;
    return 3;
}

/* Hinton's lecture 6e, with eps in the root and lr in the momentum. */
static void rmsprop_tf_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_rmsprop_tf *c = config;
    struct bounded *s = &state[0], *b = &state[1];
    (void)t;
    g = loss_gradient(c->weight_decay, c->maximize, *p, g);
    *s = averaged_square(c->alpha, *s, g);
    const struct bounded deviation = rounded(1, root(rounded(1, plus(*s, rounded(1, exact(c->eps))))));
    /* lr, its product, the quotient */
    const struct bounded step = rounded(3, over(times(exact(c->lr), g), deviation));
    *b = rounded(1, plus(scaled(c->momentum, *b), step));
    *p = rounded(1, minus(*p, *b));
}

static descend_status rmsprop_tf_step(const void *config, uint64_t step, float *param, const float *grad,
                                      float *const state[], size_t n, const descend_exec *exec)
{
    return descend_rmsprop_tf_step(config, step, param, grad, state[0], state[1], n, exec);
}

#endif
