/* SPDX-License-Identifier: MIT */
/* What the tests know of Adagrad; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_ADAGRAD_H
#define DESCEND_TESTS_ADAGRAD_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected adagrad_expected = {
    .number = 5,
    .states = {"sum"},
    .not_in_torch = "",
    .field =
        {
            FIELD(adagrad, lr, NOT_NEGATIVE, LR, DERIVED, 1e-2),
            FIELD(adagrad, lr_decay, NOT_NEGATIVE, LR_DECAY, HARMLESS, 0),
            FIELD(adagrad, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FIELD(adagrad, initial_accumulator_value, NOT_NEGATIVE, INITIAL_ACCUMULATOR_VALUE, DIRECT, 0),
            FIELD(adagrad, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-10),
            FLAG(adagrad, maximize),
        },
};

static const char *const adagrad_words[] = {"weight_decay", "maximize", "lr_decay", NULL};

static bool adagrad_config(unsigned bits, descend_adagrad *config)
{
    *config = (descend_adagrad){.lr = 0.013,
                                .lr_decay = bits & 4 ? 0.07 : 0,
                                .weight_decay = bits & 1 ? 0.013 : 0,
                                .initial_accumulator_value = 0.3,
                                .eps = 3e-5,
                                .maximize = bits & 2};
    return true;
}

static unsigned adagrad_uses(const descend_adagrad *config)
{
    (void)config;
    return 1;
}

/* Duchi, Hazan and Singer (2011), figure 1 with the diagonal matrix, without a regularizer; the step size decays. */
static void adagrad_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_adagrad *c = config;
    struct bounded *s = &state[0];
    g = loss_gradient(c->weight_decay, c->maximize, *p, g);
    *s = rounded(1, plus(*s, rounded(1, times(g, g))));
    const struct bounded deviation = rounded(1, plus(rounded(1, root(*s)), rounded(1, exact(c->eps))));
    const double lr = c->lr / (1 + (t - 1) * c->lr_decay);
    /* lr, its product, the quotient */
    *p = rounded(1, minus(*p, rounded(3, over(times(exact(lr), g), deviation))));
}

static descend_status adagrad_step(const void *config, uint64_t step, float *param, const float *grad,
                                   float *const state[], size_t n, const descend_exec *exec)
{
    return descend_adagrad_step(config, step, param, grad, state[0], n, exec);
}

#endif
