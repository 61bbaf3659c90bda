/* SPDX-License-Identifier: MIT */
/* What the tests know of Adam; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_ADAM_H
#define DESCEND_TESTS_ADAM_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected adam_expected = {
    .number = 3,
    .states = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},
    .not_in_torch = "",
    .field =
        {
            FIELD(adam, lr, NOT_NEGATIVE, LR, DERIVED, 1e-3),
            FIELD(adam, beta1, SMOOTHING, BETA1, DERIVED, 0.9),
            FIELD(adam, beta2, SMOOTHING, BETA2, DERIVED, 0.999),
            FIELD(adam, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-8),
            FIELD(adam, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FLAG(adam, amsgrad),
            FLAG(adam, maximize),
        },
};

static const char *const adam_words[] = {"weight_decay", "maximize", "amsgrad", NULL};

static bool adam_config(unsigned bits, descend_adam *config)
{
    *config = (descend_adam){.lr = 0.0017,
                             .beta1 = 0.87,
                             .beta2 = 0.9993,
                             .eps = 3e-8,
                             .weight_decay = bits & 1 ? 0.013 : 0,
                             .amsgrad = bits & 4,
                             .maximize = bits & 2};
    return true;
}

static unsigned adam_uses(const descend_adam *config)
{
    return config->amsgrad ? 7 : 3;
}

/* Kingma and Ba (2015), algorithm 1; amsgrad: Reddi et al. (2018), algorithm 2, with Adam's bias corrections. */
static void adam_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_adam *c = config;
    struct bounded *m = &state[0], *v = &state[1], *x = &state[2];
    g = loss_gradient(c->weight_decay, c->maximize, *p, g);
    *m = averaged(c->beta1, *m, g);
    *v = averaged_square(c->beta2, *v, g);
    if (c->amsgrad)
        *x = larger(*x, *v);
    const struct bounded m_hat = over(*m, exact(1 - pow(c->beta1, t)));
    const struct bounded v_hat = over(c->amsgrad ? *x : *v, exact(1 - pow(c->beta2, t)));
    /* the root, its correction, their quotient */
    const struct bounded deviation = rounded(1, plus(rounded(3, root(v_hat)), rounded(1, exact(c->eps))));
    /* lr with its correction, the product, the quotient */
    *p = rounded(1, minus(*p, rounded(3, over(times(exact(c->lr), m_hat), deviation))));
}

static descend_status adam_step(const void *config, uint64_t step, float *param, const float *grad,
                                float *const state[], size_t n, const descend_exec *exec)
{
    return descend_adam_step(config, step, param, grad, state[0], state[1], state[2], n, exec);
}

#endif
