/* SPDX-License-Identifier: MIT */
/* What the tests know of Rprop; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_RPROP_H
#define DESCEND_TESTS_RPROP_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected rprop_expected = {
    .number = 10,
    .states = {"prev", "step_size"},
    .not_in_torch = "",
    .field =
        {
            FIELD(rprop, lr, NOT_NEGATIVE, LR, DIRECT, 1e-2),
            FIELD(rprop, eta_minus, FRACTION, ETA_MINUS, DERIVED, 0.5),
            FIELD(rprop, eta_plus, ABOVE_ONE, ETA_PLUS, DIRECT, 1.2),
            FIELD(rprop, step_size_min, IN_ORDER, STEP_SIZE_MIN, DERIVED, 1e-6),
            FIELD(rprop, step_size_max, IN_ORDER, STEP_SIZE_MAX, DERIVED, 50),
            FLAG(rprop, maximize),
        },
};

static const char *const rprop_words[] = {"maximize", "etas", NULL};

static bool rprop_config(unsigned bits, descend_rprop *config)
{
    const bool etas = bits & 2;
    *config = (descend_rprop){.lr = 0.013,
                              .eta_minus = etas ? 0.3 : 0.5,
                              .eta_plus = etas ? 1.7 : 1.2,
                              .step_size_min = 0.0071,
                              .step_size_max = 0.029,
                              .maximize = bits & 1};
    return true;
}

static unsigned rprop_uses(const descend_rprop *config)
{
    (void)config;
    return 3;
}

/* Igel and Hüsken (2000), algorithm iRprop-. The gradients are float32 values, and so is the product whose sign counts:
 * it may underflow to 0. All but the step size is exact. */
static void rprop_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_rprop *c = config;
    struct bounded *q = &state[0], *z = &state[1];
    (void)t;
    if (c->maximize)
        g.value = -g.value;
    const float agreement = (float)(g.value * q->value);
    *z = scaled(agreement > 0 ? c->eta_plus : agreement < 0 ? c->eta_minus : 1, *z);
    *z = larger(*z, rounded(1, exact(c->step_size_min)));
    *z = smaller(*z, rounded(1, exact(c->step_size_max)));
    if (agreement < 0)
        g = exact(0);
    *q = g;
    if (g.value != 0)
        *p = rounded(1, g.value > 0 ? minus(*p, *z) : plus(*p, *z));
}

static descend_status rprop_step(const void *config, uint64_t step, float *param, const float *grad,
                                 float *const state[], size_t n, const descend_exec *exec)
{
    return descend_rprop_step(config, step, param, grad, state[0], state[1], n, exec);
}

#endif
