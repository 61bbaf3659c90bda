/* SPDX-License-Identifier: MIT */
/* What the tests know of Signum; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_SIGNUM_H
#define DESCEND_TESTS_SIGNUM_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected signum_expected = {
    .number = 15,
    .states = {"exp_avg"},
    .not_in_torch = "all",
    .field =
        {
            FIELD(signum, lr, NOT_NEGATIVE, LR, DIRECT, 1e-4),
            FIELD(signum, beta, SMOOTHING, BETA, DERIVED, 0.9),
            FIELD(signum, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DERIVED, 0),
            FLAG(signum, maximize),
        },
};

static const char *const signum_words[] = {"weight_decay", "maximize", "average", NULL};

static bool signum_config(unsigned bits, descend_signum *config)
{
    *config = (descend_signum){
        .lr = 0.0017, .beta = bits & 4 ? 0.87 : 0, .weight_decay = bits & 1 ? 0.013 : 0, .maximize = bits & 2};
    return true;
}

static unsigned signum_uses(const descend_signum *config)
{
    return config->beta > 0 ? 1 : 0;
}

/* Bernstein et al. (2018), algorithms 1 and 2. Where the sign is rounding's to say, there is no bound. */
static void signum_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_signum *c = config;
    struct bounded *m = &state[0], direction;
    (void)t;
    if (c->maximize)
        g.value = -g.value;
    if (c->beta > 0)
        *m = averaged(c->beta, *m, g);
    direction = c->beta > 0 ? *m : g;
    *p = scaled(1 - c->lr * c->weight_decay, *p);
    const struct bounded lr = rounded(1, exact(c->lr));
    if (fabs(direction.value) > direction.error)
        *p = rounded(1, direction.value > 0 ? minus(*p, lr) : plus(*p, lr));
    else if (direction.error > 0)
        p->error = INFINITY;
}

static descend_status signum_step(const void *config, uint64_t step, float *param, const float *grad,
                                  float *const state[], size_t n, const descend_exec *exec)
{
    return descend_signum_step(config, step, param, grad, state[0], n, exec);
}

#endif
