/* SPDX-License-Identifier: MIT */
/* What the tests know of AdEMAMix; tests/support/rules/sgd.h says what each part is. */
#ifndef DESCEND_TESTS_ADEMAMIX_H
#define DESCEND_TESTS_ADEMAMIX_H

#include <math.h>

#include "../bounded.h"
#include "../expected.h"

static const struct expected ademamix_expected = {
    .number = 16,
    .states = {"exp_avg_fast", "exp_avg_slow", "exp_avg_sq"},
    .not_in_torch = "all",
    .field =
        {
            FIELD(ademamix, lr, NOT_NEGATIVE, LR, DERIVED, 1e-3),
            FIELD(ademamix, beta1, SMOOTHING, BETA1, DERIVED, 0.9),
            FIELD(ademamix, beta2, SMOOTHING, BETA2, DERIVED, 0.999),
            FIELD(ademamix, beta3, SMOOTHING, BETA3, DERIVED, 0.9999),
            FIELD(ademamix, alpha, NOT_NEGATIVE, ALPHA, DERIVED, 5),
            FIELD(ademamix, beta3_warmup, NOT_NEGATIVE, BETA3_WARMUP, HARMLESS, 0),
            FIELD(ademamix, alpha_warmup, NOT_NEGATIVE, ALPHA_WARMUP, HARMLESS, 0),
            FIELD(ademamix, eps, NOT_NEGATIVE, EPS, DIRECT, 1e-8),
            FIELD(ademamix, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, DERIVED, 0),
            FLAG(ademamix, maximize),
        },
};

static const char *const ademamix_words[] = {"weight_decay", "maximize", "warmup", NULL};

/* The warm-ups end among the steps that the tests take. */
static bool ademamix_config(unsigned bits, descend_ademamix *config)
{
    *config = (descend_ademamix){.lr = 0.0017,
                                 .beta1 = 0.87,
                                 .beta2 = 0.9993,
                                 .beta3 = 0.9987,
                                 .alpha = 4.7,
                                 .beta3_warmup = bits & 4 ? 7.5 : 0,
                                 .alpha_warmup = bits & 4 ? 4 : 0,
                                 .eps = 3e-8,
                                 .weight_decay = bits & 1 ? 0.013 : 0,
                                 .maximize = bits & 2};
    return true;
}

static unsigned ademamix_uses(const descend_ademamix *config)
{
    (void)config;
    return 7;
}

/* Pagliardini et al. (2024), section 3: beta3 = min(exp(ln(beta1) ln(beta3) / ((1 - t/T) ln(beta3) + t/T ln(beta1))),
 * beta3). */
static double ademamix_beta3(const descend_ademamix *c, double t)
{
    const double share = t / c->beta3_warmup, from = log(c->beta1), to = log(c->beta3);
    return t < c->beta3_warmup ? fmin(exp(from * to / ((1 - share) * to + share * from)), c->beta3) : c->beta3;
}

/* Algorithm 1; the decay is multiplied by lr, as there. */
static void ademamix_oracle(const void *config, double t, struct bounded *p, struct bounded g, struct bounded state[])
{
    const descend_ademamix *c = config;
    struct bounded *fast = &state[0], *slow = &state[1], *v = &state[2];
    const double alpha = t < c->alpha_warmup ? t * c->alpha / c->alpha_warmup : c->alpha;
    if (c->maximize)
        g.value = -g.value;
    *fast = averaged(c->beta1, *fast, g);
    *slow = averaged(ademamix_beta3(c, t), *slow, g);
    *v = averaged_square(c->beta2, *v, g);
    const struct bounded v_hat = over(*v, exact(1 - pow(c->beta2, t)));
    /* the root, its correction, their quotient */
    const struct bounded deviation = rounded(1, plus(rounded(3, root(v_hat)), rounded(1, exact(c->eps))));
    /* of each part its coefficient and the product */
    const struct bounded fast_step = rounded(2, times(exact(c->lr / (1 - pow(c->beta1, t))), *fast));
    const struct bounded slow_step = rounded(2, times(exact(c->lr * alpha), *slow));
    const struct bounded step = rounded(1, over(rounded(1, plus(fast_step, slow_step)), deviation));
    *p = rounded(1, minus(scaled(1 - c->lr * c->weight_decay, *p), step));
}

static descend_status ademamix_step(const void *config, uint64_t step, float *param, const float *grad,
                                    float *const state[], size_t n, const descend_exec *exec)
{
    return descend_ademamix_step(config, step, param, grad, state[0], state[1], state[2], n, exec);
}

#endif
