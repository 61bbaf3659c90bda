/* SPDX-License-Identifier: MIT */
/* What the tests know of SGD. */
#ifndef DESCEND_TESTS_SGD_H
#define DESCEND_TESTS_SGD_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected sgd_expected = {
    .number = 1,
    .states = {"momentum_buffer"},
    .not_in_torch = "",
    .field =
        {
            FIELD(sgd, lr, NOT_NEGATIVE, LR, DIRECT, 1e-3),
            FIELD(sgd, momentum, NOT_NEGATIVE, MOMENTUM, DIRECT, 0),
            FIELD(sgd, dampening, ANY_FINITE, DAMPENING, DERIVED, 0),
            FIELD(sgd, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DIRECT, 0),
            FLAG(sgd, nesterov),
            FLAG(sgd, maximize),
        },
};

/* The words that a label may have, one option bit each. */
static const char *const sgd_words[] = {"weight_decay", "maximize", "momentum", "dampening", "nesterov", NULL};

/* False where the options exclude each other. */
static bool sgd_config(unsigned bits, descend_sgd *config)
{
    const bool decay = bits & 1, maximize = bits & 2, momentum = bits & 4, dampening = bits & 8, nesterov = bits & 16;
    *config = (descend_sgd){.lr = 0.013,
                            .momentum = momentum ? 0.9 : 0,
                            .dampening = dampening ? 0.11 : 0,
                            .weight_decay = decay ? 0.013 : 0,
                            .nesterov = nesterov,
                            .maximize = maximize};
    return !((dampening || nesterov) && !momentum) && !(dampening && nesterov);
}

/* The state arrays in use, one bit each. */
static unsigned sgd_uses(const descend_sgd *config)
{
    return config->momentum > 0 ? 1 : 0;
}

/* One step on one element, from the paper and in double. Sutskever et al. (2013) move by a velocity, which is -lr times
 * this buffer; tests/support/bounded.h says what is counted. */
static void sgd_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_sgd *c = config;
    struct bounded *b = &state[0];
    g = loss_gradient(c->weight_decay, c->maximize, *p, g);
    struct bounded direction = g;
    if (c->momentum > 0) {
        *b = t == 1 ? g : rounded(1, plus(scaled(c->momentum, *b), scaled(1 - c->dampening, g)));
        direction = c->nesterov ? rounded(1, plus(g, scaled(c->momentum, *b))) : *b;
    }
    *p = rounded(1, minus(*p, scaled(c->lr, direction)));
}

/* The step function; state: a pointer for each. */
static descend_status sgd_step(const void *config, uint64_t step, float *param, const float *grad, float *const state[],
                               size_t n, const descend_exec *exec)
{
    return descend_sgd_step(config, step, param, grad, state[0], n, exec);
}

#endif
