/* SPDX-License-Identifier: MIT */
/* What the tests know of Lion; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_LION_H
#define DESCEND_TESTS_LION_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected lion_expected = {
    .number = 12,
    .states = {"exp_avg"},
    .not_in_torch = "all",
    .field =
        {
            FIELD(lion, lr, NOT_NEGATIVE, LR, DIRECT, 1e-4),
            FIELD(lion, beta1, SMOOTHING, BETA1, DERIVED, 0.9),
            FIELD(lion, beta2, SMOOTHING, BETA2, DERIVED, 0.99),
            FIELD(lion, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DERIVED, 0),
            FLAG(lion, maximize),
        },
};

static const char *const lion_words[] = {"weight_decay", "maximize", NULL};

static bool lion_config(unsigned bits, descend_lion *config)
{
    *config = (descend_lion){
        .lr = 0.0017, .beta1 = 0.87, .beta2 = 0.983, .weight_decay = bits & 1 ? 0.013 : 0, .maximize = bits & 2};
    return true;
}

static unsigned lion_uses(const descend_lion *config)
{
    (void)config;
    return 1;
}

/* Chen et al. (2023), algorithm 2. Where the sign is rounding's to say, there is no bound. */
static void lion_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_lion *c = config;
    struct bounded *m = &state[0];
    (void)t;
    if (c->maximize)
        g.value = -g.value;
    *p = scaled(1 - c->lr * c->weight_decay, *p);
    const struct bounded u = averaged(c->beta1, *m, g);
    const struct bounded lr = rounded(1, exact(c->lr));
    if (fabs(u.value) > u.error)
        *p = rounded(1, u.value > 0 ? minus(*p, lr) : plus(*p, lr));
    else if (u.error > 0)
        p->error = INFINITY;
    *m = averaged(c->beta2, *m, g);
}

static descend_status lion_step(const void *config, uint64_t step, float *param, const float *grad,
                                float *const state[], size_t n, const descend_exec *exec)
{
    return descend_lion_step(config, step, param, grad, state[0], n, exec);
}

#endif
