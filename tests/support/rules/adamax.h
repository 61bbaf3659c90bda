/* SPDX-License-Identifier: MIT */
/* What the tests know of Adamax; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_ADAMAX_H
#define DESCEND_TESTS_ADAMAX_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected adamax_expected = {
    .number = 7,
    .states = {"exp_avg", "exp_inf"},
    .not_in_torch = "",
    .field =
        {
            FIELD(adamax, lr, NOT_NEGATIVE, LR, DERIVED, 2e-3),
            FIELD(adamax, beta1, SMOOTHING, BETA1, DERIVED, 0.9),
            FIELD(adamax, beta2, SMOOTHING, BETA2, DERIVED, 0.999),
            FIELD(adamax, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-8),
            FIELD(adamax, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FLAG(adamax, maximize),
        },
};

static const char *const adamax_words[] = {"weight_decay", "maximize", NULL};

static bool adamax_config(unsigned bits, descend_adamax *config)
{
    *config = (descend_adamax){.lr = 0.0017,
                               .beta1 = 0.87,
                               .beta2 = 0.9993,
                               .eps = 3e-8,
                               .weight_decay = bits & 1 ? 0.013 : 0,
                               .maximize = bits & 2};
    return true;
}

static unsigned adamax_uses(const descend_adamax *config)
{
    (void)config;
    return 3;
}

/* Kingma and Ba (2015), algorithm 2; eps, which it lacks, is added to the gradient's magnitude. */
static void adamax_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_adamax *c = config;
    struct bounded *m = &state[0], *u = &state[1];
    g = loss_gradient(c->weight_decay, c->maximize, *p, g);
    *m = averaged(c->beta1, *m, g);
    *u = larger(scaled(c->beta2, *u), rounded(1, plus(magnitude(g), rounded(1, exact(c->eps)))));
    const double lr = c->lr / (1 - pow(c->beta1, t));
    /* lr with its correction, the product, the quotient */
    *p = rounded(1, minus(*p, rounded(3, over(times(exact(lr), *m), *u))));
}

static descend_status adamax_step(const void *config, uint64_t step, float *param, const float *grad,
                                  float *const state[], size_t n, const descend_exec *exec)
{
    return descend_adamax_step(config, step, param, grad, state[0], state[1], n, exec);
}

#endif
