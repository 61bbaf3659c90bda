/* SPDX-License-Identifier: MIT */
/* What the tests know of ASGD; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_ASGD_H
#define DESCEND_TESTS_ASGD_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected asgd_expected = {
    .number = 11,
    .states = {"ax"},
    .not_in_torch = "",
    .field =
        {
            FIELD(asgd, lr, NOT_NEGATIVE, LR, DERIVED, 1e-2),
            FIELD(asgd, lambd, NOT_NEGATIVE, LAMBD, DERIVED, 1e-4),
            FIELD(asgd, alpha, ANY_FINITE, ALPHA, DERIVED, 0.75),
            FIELD(asgd, t0, ANY_FINITE, T0, HARMLESS, 1e6),
            FIELD(asgd, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FLAG(asgd, maximize),
        },
};

static const char *const asgd_words[] = {"weight_decay", "maximize", "averaging", NULL};

/* Averaging begins at step 3, else never. */
static bool asgd_config(unsigned bits, descend_asgd *config)
{
    *config = (descend_asgd){.lr = 0.013,
                             .lambd = 0.003,
                             .alpha = 0.8,
                             .t0 = bits & 4 ? 0.5 : 1e6,
                             .weight_decay = bits & 1 ? 0.013 : 0,
                             .maximize = bits & 2};
    return true;
}

static unsigned asgd_uses(const descend_asgd *config)
{
    (void)config;
    return 1;
}

/* Polyak and Juditsky (1992), with the rates and the decay of Xu (2011), section 5: both count steps from 0. */
static void asgd_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_asgd *c = config;
    struct bounded *a = &state[0];
    g = loss_gradient(c->weight_decay, c->maximize, *p, g);
    const struct bounded eta = rounded(1, exact(c->lr / pow(1 + c->lambd * c->lr * (t - 1), c->alpha)));
    const double mu = 1 / fmax(1, t - 1 - c->t0);
    /* the coefficient, its product */
    *p = rounded(2, times(minus(exact(1), times(exact(c->lambd), eta)), *p));
    *p = rounded(1, minus(*p, rounded(1, times(eta, g))));
    *a = mu == 1 ? *p : rounded(1, plus(*a, scaled(mu, rounded(1, minus(*p, *a)))));
}

static descend_status asgd_step(const void *config, uint64_t step, float *param, const float *grad,
                                float *const state[], size_t n, const descend_exec *exec)
{
    return descend_asgd_step(config, step, param, grad, state[0], n, exec);
}

#endif
