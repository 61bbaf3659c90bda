/* SPDX-License-Identifier: MIT */
/* What the tests know of RAdam; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_RADAM_H
#define DESCEND_TESTS_RADAM_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected radam_expected = {
    .number = 9,
    .states = {"exp_avg", "exp_avg_sq"},
    .not_in_torch = "maximize decoupled",
    .field =
        {
            FIELD(radam, lr, NOT_NEGATIVE, LR, DIRECT, 1e-3),
            FIELD(radam, beta1, SMOOTHING, BETA1, DERIVED, 0.9),
            FIELD(radam, beta2, SMOOTHING, BETA2, DERIVED, 0.999),
            FIELD(radam, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-8),
            FIELD(radam, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DERIVED, 0),
            FLAG(radam, decoupled_weight_decay),
            FLAG(radam, maximize),
        },
};

static const char *const radam_words[] = {"weight_decay", "maximize", "decoupled", NULL};

static bool radam_config(unsigned bits, descend_radam *config)
{
    const bool decay = bits & 1, decoupled = bits & 4;
    *config = (descend_radam){.lr = 0.0017,
                              .beta1 = 0.87,
                              .beta2 = 0.99,
                              .eps = 3e-8,
                              .weight_decay = decay ? 0.013 : 0,
                              .decoupled_weight_decay = decoupled,
                              .maximize = bits & 2};
    return decay || !decoupled;
}

static unsigned radam_uses(const descend_radam *config)
{
    (void)config;
    return 3;
}

/*
 * The length of the approximated average, a difference of two doubles near 2/(1 - b) where t is small. In the second,
 * 1 - b^t and so b^t/(1 - b^t) are wrong by less than 2^-52/(1 - b) relative, in the library as here; the other
 * operations are covered by twice that for each of the two.
 */
static struct bounded radam_length(double b, double t)
{
    const double longest = 2 / (1 - b) - 1, lost = 2 * t * pow(b, t) / (1 - pow(b, t));
    return (struct bounded){longest - lost, 4 * lost * 0x1p-52 / (1 - b)};
}

/* Liu et al. (2020), algorithm 2, but for eps and for the least length that is rectified, 5 in place of 4: both as
 * torch has them. Decoupled decay: Loshchilov and Hutter (2019), multiplied by lr. */
static void radam_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_radam *c = config;
    struct bounded *m = &state[0], *v = &state[1];
    if (c->decoupled_weight_decay)
        *p = scaled(1 - c->lr * c->weight_decay, *p);
    g = loss_gradient(c->decoupled_weight_decay ? 0 : c->weight_decay, c->maximize, *p, g);
    *m = averaged(c->beta1, *m, g);
    *v = averaged_square(c->beta2, *v, g);
    /* the correction, the quotient, lr, its product */
    struct bounded update = rounded(4, times(exact(c->lr), over(*m, exact(1 - pow(c->beta1, t)))));
    const struct bounded length = radam_length(c->beta2, t);
    if (length.value > 5) { /* at the steps of the tests it is never within its error of 5 */
        const double longest = 2 / (1 - c->beta2) - 1;
        const struct bounded numerator = times(minus(length, exact(4)), minus(length, exact(2)));
        const struct bounded denominator = times(exact((longest - 4) * (longest - 2) / longest), length);
        const struct bounded rectified = root(over(numerator, denominator));
        const struct bounded deviation = rounded(1, plus(rounded(1, root(*v)), rounded(1, exact(c->eps))));
        /* the reciprocal, its coefficient, their product */
        const struct bounded adapted = rounded(3, over(exact(sqrt(1 - pow(c->beta2, t))), deviation));
        /* the product, the rectification, its product */
        update = rounded(3, times(times(update, adapted), rectified));
    }
    *p = rounded(1, minus(*p, update));
}

static descend_status radam_step(const void *config, uint64_t step, float *param, const float *grad,
                                 float *const state[], size_t n, const descend_exec *exec)
{
    return descend_radam_step(config, step, param, grad, state[0], state[1], n, exec);
}

#endif
