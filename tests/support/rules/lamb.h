/* SPDX-License-Identifier: MIT */
/* What the tests know of LAMB; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_LAMB_H
#define DESCEND_TESTS_LAMB_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected lamb_expected = {
    .number = 13,
    .states = {"exp_avg", "exp_avg_sq"},
    .not_in_torch = "all",
    .field =
        {
            FIELD(lamb, lr, NOT_NEGATIVE, LR, DIRECT, 1e-3),
            FIELD(lamb, beta1, SMOOTHING, BETA1, DERIVED, 0.9),
            FIELD(lamb, beta2, SMOOTHING, BETA2, DERIVED, 0.999),
            FIELD(lamb, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-6),
            FIELD(lamb, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FLAG(lamb, maximize),
        },
};

static const char *const lamb_words[] = {"weight_decay", "maximize", NULL};

static bool lamb_config(unsigned bits, descend_lamb *config)
{
    *config = (descend_lamb){.lr = 0.0017,
                             .beta1 = 0.87,
                             .beta2 = 0.9993,
                             .eps = 3e-8,
                             .weight_decay = bits & 1 ? 0.013 : 0,
                             .maximize = bits & 2};
    return true;
}

static unsigned lamb_uses(const descend_lamb *config)
{
    (void)config;
    return 3;
}

/* You et al. (2020), algorithm 2: its averages. How far an element of the parameter moves depends on all the others;
 * tests/kernels/lamb.c knows of that, and here there is no bound. */
static void lamb_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_lamb *c = config;
    struct bounded *m = &state[0], *v = &state[1];
    (void)t;
    if (c->maximize)
        g.value = -g.value;
    *m = averaged(c->beta1, *m, g);
    *v = averaged_square(c->beta2, *v, g);
    p->error = INFINITY;
}

static descend_status lamb_step(const void *config, uint64_t step, float *param, const float *grad,
                                float *const state[], size_t n, const descend_exec *exec)
{
    return descend_lamb_step(config, step, param, grad, state[0], state[1], n, exec);
}

#endif
