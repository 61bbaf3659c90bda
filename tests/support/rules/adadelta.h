/* SPDX-License-Identifier: MIT */
/* What the tests know of Adadelta; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_ADADELTA_H
#define DESCEND_TESTS_ADADELTA_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected adadelta_expected = {
    .number = 6,
    .states = {"square_avg", "acc_delta"},
    .not_in_torch = "",
    .field =
        {
            FIELD(adadelta, lr, NOT_NEGATIVE, LR, DIRECT, 1),
            FIELD(adadelta, rho, SMOOTHING, RHO, DERIVED, 0.9),
            FIELD(adadelta, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-6),
            FIELD(adadelta, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FLAG(adadelta, maximize),
        },
};

static const char *const adadelta_words[] = {"weight_decay", "maximize", NULL};

static bool adadelta_config(unsigned bits, descend_adadelta *config)
{
    *config = (descend_adadelta){
        .lr = 0.9, .rho = 0.93, .eps = 3e-6, .weight_decay = bits & 1 ? 0.013 : 0, .maximize = bits & 2};
    return true;
}

static unsigned adadelta_uses(const descend_adadelta *config)
{
    (void)config;
    return 3;
}

/* Zeiler (2012), algorithm 1; what is added is multiplied by lr. */
static void adadelta_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_adadelta *c = config;
    struct bounded *s = &state[0], *d = &state[1];
    (void)t;
    g = loss_gradient(c->weight_decay, c->maximize, *p, g);
    const struct bounded eps = rounded(1, exact(c->eps));
    *s = averaged_square(c->rho, *s, g);
    const struct bounded rms_delta = rounded(1, root(rounded(1, plus(*d, eps))));
    const struct bounded rms_grad = rounded(1, root(rounded(1, plus(*s, eps))));
    const struct bounded delta = rounded(2, times(over(rms_delta, rms_grad), g));
    *d = averaged_square(c->rho, *d, delta);
    *p = rounded(1, minus(*p, scaled(c->lr, delta)));
}

static descend_status adadelta_step(const void *config, uint64_t step, float *param, const float *grad,
                                    float *const state[], size_t n, const descend_exec *exec)
{
    return descend_adadelta_step(config, step, param, grad, state[0], state[1], n, exec);
}

#endif
