/* SPDX-License-Identifier: MIT */
/* What the tests know of NAdam; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_NADAM_H
#define DESCEND_TESTS_NADAM_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected nadam_expected = {
    .number = 8,
    .states = {"exp_avg", "exp_avg_sq", "(mu_product)"},
    .not_in_torch = "maximize decoupled",
    .field =
        {
            FIELD(nadam, lr, NOT_NEGATIVE, LR, DERIVED, 2e-3),
            FIELD(nadam, beta1, SMOOTHING, BETA1, DERIVED, 0.9),
            FIELD(nadam, beta2, SMOOTHING, BETA2, DERIVED, 0.999),
            FIELD(nadam, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-8),
            FIELD(nadam, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DERIVED, 0),
            FIELD(nadam, momentum_decay, NOT_NEGATIVE, MOMENTUM_DECAY, HARMLESS, 4e-3),
            FLAG(nadam, decoupled_weight_decay),
            FLAG(nadam, maximize),
        },
};

static const char *const nadam_words[] = {"weight_decay", "maximize", "decoupled", NULL};

static bool nadam_config(unsigned bits, descend_nadam *config)
{
    const bool decay = bits & 1, decoupled = bits & 4;
    *config = (descend_nadam){.lr = 0.0017,
                              .beta1 = 0.87,
                              .beta2 = 0.9993,
                              .eps = 3e-8,
                              .weight_decay = decay ? 0.013 : 0,
                              .momentum_decay = 0.003,
                              .decoupled_weight_decay = decoupled,
                              .maximize = bits & 2};
    return decay || !decoupled;
}

static unsigned nadam_uses(const descend_nadam *config)
{
    (void)config;
    return 7;
}

/* The momentum of step t. */
static double nadam_mu(const descend_nadam *c, double t)
{
    return c->beta1 * (1 - 0.5 * pow(0.96, t * c->momentum_decay));
}

/* Dozat (2016), algorithm 2, but for the average of the gradients, which decays by beta1, as torch has it. Decoupled
 * decay: Loshchilov and Hutter (2019), multiplied by lr. mu_product is the product of all mu, before and after. */
static void nadam_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_nadam *c = config;
    struct bounded *m = &state[0], *v = &state[1], *mu_product = &state[2];
    if (c->decoupled_weight_decay)
        *p = scaled(1 - c->lr * c->weight_decay, *p);
    g = loss_gradient(c->decoupled_weight_decay ? 0 : c->weight_decay, c->maximize, *p, g);
    *m = averaged(c->beta1, *m, g);
    *v = averaged_square(c->beta2, *v, g);
    const double mu = nadam_mu(c, t), next = nadam_mu(c, t + 1);
    *mu_product = scaled(mu, *mu_product);
    const struct bounded of_grad = over(exact(c->lr * (1 - mu)), minus(exact(1), *mu_product));
    const struct bounded of_average = over(exact(c->lr * next), minus(exact(1), scaled(next, *mu_product)));
    /* under the root: the correction, the quotient */
    const struct bounded v_hat = rounded(2, over(*v, exact(1 - pow(c->beta2, t))));
    const struct bounded deviation = rounded(1, plus(rounded(1, root(v_hat)), rounded(1, exact(c->eps))));
    /* the coefficient, its product, the quotient */
    *p = rounded(1, minus(*p, rounded(3, over(times(of_grad, g), deviation))));
    *p = rounded(1, minus(*p, rounded(3, over(times(of_average, *m), deviation))));
}

static descend_status nadam_step(const void *config, uint64_t step, float *param, const float *grad,
                                 float *const state[], size_t n, const descend_exec *exec)
{
    const float mu_product = descend_nadam_mu_product(config, step, n > 0 ? *state[2] : 1);
    return descend_nadam_step(config, step, mu_product, param, grad, state[0], state[1], n, exec);
}

#endif
