/* SPDX-License-Identifier: MIT */
/* The coefficients of RAdam, NAdam, ASGD and AdEMAMix, as their rules prepare them: those of docs/optimizers.md in
 * plain double, around the steps at which RAdam begins to rectify, ASGD to average and AdEMAMix's warm-ups end, and far
 * beyond. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "formulas/ademamix.h"
#include "formulas/asgd.h"
#include "formulas/nadam.h"
#include "formulas/radam.h"
#include "rule.h"
#include "test.h"

/* The step to test after this one: each up to `dense`, then ever fewer, at last the greatest. */
static uint64_t next_step(uint64_t step, uint64_t dense)
{
    const uint64_t next = step < dense ? step + 1 : step + step / 7;
    return step < STEP_MAX && next > STEP_MAX ? STEP_MAX : step == STEP_MAX ? STEP_MAX + 1 : next;
}

/* What RAdam makes of beta2^step; 1 where it does not rectify. */
static float rectification(double beta2, uint64_t step, double power, bool *rectified)
{
    const double most = 2 / (1 - beta2) - 1;
    const double rho = most - 2 * (double)step * power / (1 - power);
    *rectified = rho > 5;
    return *rectified ? (float)sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)) : 1;
}

/* Whether the library rectifies as this power of beta2 says, by the same factor. */
static bool is_of(double power, double beta2, uint64_t step, const struct radam_scalars *k, unsigned options)
{
    bool rectified;
    const float expected = rectification(beta2, step, power, &rectified);
    return rectified == ((options & RADAM_RECTIFIED) != 0) && expected == k->rectification;
}

/*
 * Another double for beta2^step is, where beta2 is near 1, another float32 for the rectification, so the power has to
 * be the nearest double. powl's result is within 2 units in its last place of 64 bits or more: where the numbers at
 * that distance do not round to one double, either may be the nearest.
 */
static void check_radam(const descend_radam *config, uint64_t step, bool *rectified)
{
    const double beta2 = config->beta2;
    const struct descend_step_context at = {.step = step, .first = step == 1};
    struct radam_scalars k;
    unsigned options = 0;
    assert_int_equal(descend_radam_rule.prepare(config, &at, &k, &options), DESCEND_OK);
    *rectified = options & RADAM_RECTIFIED;
    const long double power = powl(beta2, (long double)step);
    const double low = (double)(power * (1 - 0x1p-62L)), high = (double)(power * (1 + 0x1p-62L));
    if (!is_of(low, beta2, step, &k, options) && !is_of(high, beta2, step, &k, options)) {
        bool expected;
        const float with = rectification(beta2, step, low, &expected);
        fail_msg("beta2 %a, step %llu: rectified %d by %a, not %d by %a", beta2, (unsigned long long)step, *rectified,
                 (double)k.rectification, expected, (double)with);
    }
    if (k.correction1 != (float)(1 - pow(config->beta1, (double)step)) ||
        k.root_correction2 != (float)sqrt(1 - pow(beta2, (double)step)))
        fail_msg("beta2 %a, step %llu: corrections %a and %a", beta2, (unsigned long long)step, (double)k.correction1,
                 (double)k.root_correction2);
}

/* The first step is what Python 3.11 says, with ** for the power; once it rectifies, it does so for ever. */
static void radam_rectifies_from_the_right_step(void **state)
{
    (void)state;
    static const struct {
        double beta2;
        uint64_t first;
    } cases[] = {{0, 0},     {0.5, 0},   {0.6, 0},    {2 / 3., 0}, {0.667, 22}, {0.67, 16},   {0.68, 12},
                 {0.7, 10},  {0.8, 7},   {0.9, 6},    {0.95, 6},   {0.97, 6},   {0.98, 6},    {0.99, 6},
                 {0.995, 6}, {0.999, 6}, {0.9993, 6}, {0.9995, 6}, {0.9999, 6}, {0.99995, 6}, {0.99999, 6}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const descend_radam config = {.lr = 1e-3, .beta1 = 0.87, .beta2 = cases[i].beta2, .eps = 1e-8};
        for (uint64_t step = 1; step <= STEP_MAX; step = next_step(step, 20000)) {
            bool rectified;
            check_radam(&config, step, &rectified);
            if (rectified != (cases[i].first > 0 && step >= cases[i].first))
                fail_msg("beta2 %a, step %llu: rectified %d", config.beta2, (unsigned long long)step, rectified);
        }
    }
}

/* The beta2 below which a step is not rectified, and its neighbours: there rho is 5 but for a few units. */
static void radam_where_rho_is_5(void **state)
{
    (void)state;
    for (uint64_t step = 6; step <= 60; step++) {
        double low = 0.5, high = 0.999;
        bool rectified;
        while (nextafter(low, 1) < high) {
            const double middle = low + (high - low) / 2;
            rectification(middle, step, pow(middle, (double)step), &rectified);
            *(rectified ? &high : &low) = middle;
        }
        descend_radam config = {.lr = 1e-3, .beta1 = 0.87, .eps = 1e-8};
        unsigned count = 0;
        config.beta2 = low - 100 * 0x1p-53;
        for (unsigned i = 0; i < 200; i++, config.beta2 = nextafter(config.beta2, 1)) {
            check_radam(&config, step, &rectified);
            count += rectified;
        }
        assert_true(count > 0 && count < 200);
    }
}

static void radam_decays(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 8; bits++) {
        descend_radam config = {.lr = 0.013, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
        const struct descend_step_context at = {.step = bits & 4 ? 6 : 5};
        struct radam_scalars k;
        unsigned options;
        config.weight_decay = bits & 1 ? 0.3 : 0;
        config.decoupled_weight_decay = bits & 2;
        assert_int_equal(descend_radam_rule.prepare(&config, &at, &k, &options), DESCEND_OK);
        assert_int_equal(options, ((bits & 3) == 1 ? RADAM_DECAY : 0) | (bits & 4 ? RADAM_RECTIFIED : 0));
        assert_true(k.shrink == (bits & 2 ? (float)(1 - 0.013 * config.weight_decay) : 1));
    }
}

/* The coefficients of gradient and average, from every mu_product at every step. */
static void nadam(void **state)
{
    (void)state;
    static const double betas[] = {0, 0.5, 0.9, 0.999}, decays[] = {0, 4e-3, 0.1, 1e300};
    static const float products[] = {0, 0x1p-149f, 0.1f, 0.45f, 0.99f, 0x1.fffffep-1f};
    for (size_t i = 0; i < COUNT(betas) * COUNT(decays) * COUNT(products); i++)
        for (uint64_t step = 1; step <= STEP_MAX; step = next_step(step, 50)) {
            const descend_nadam config = {.lr = 0.0017,
                                          .beta1 = betas[i % COUNT(betas)],
                                          .beta2 = 0.999,
                                          .momentum_decay = decays[i / COUNT(betas) % COUNT(decays)]};
            const float product = products[i / COUNT(betas) / COUNT(decays)];
            const struct descend_step_context at = {.step = step, .scalar = product};
            struct nadam_scalars k = {.eps = 0};
            unsigned options;
            assert_int_equal(descend_nadam_rule.prepare(&config, &at, &k, &options), DESCEND_OK);
            const double t = (double)step, psi = config.momentum_decay;
            const double mu = config.beta1 * (1 - 0.5 * pow(0.96, t * psi));
            const double next = config.beta1 * (1 - 0.5 * pow(0.96, (t + 1) * psi));
            const float product_next = product * (float)next;
            if (k.minus_grad_step != (float)(-config.lr * (1 - mu) / (1 - (double)product)) ||
                k.minus_step != (float)(-config.lr * next / (1 - (double)product_next)) ||
                k.correction2 != (float)(1 - pow(config.beta2, t)))
                fail_msg("beta1 %g, momentum_decay %g, step %g, mu_product %a: %a, %a, %a", config.beta1, psi, t,
                         (double)product, (double)k.minus_grad_step, (double)k.minus_step, (double)k.correction2);
        }
}

static void check_asgd(const descend_asgd *config, uint64_t step)
{
    const struct descend_step_context at = {.step = step};
    struct asgd_scalars k;
    unsigned options;
    assert_int_equal(descend_asgd_rule.prepare(config, &at, &k, &options), DESCEND_OK);
    const double before = (double)(step - 1);
    const double rate = config->lr / pow(1 + config->lambd * config->lr * before, config->alpha);
    const float eta = step == 1 ? (float)config->lr : (float)rate;
    const float shrink = (float)(1 - config->lambd * (double)eta);
    const float mu = step == 1 ? 1 : (float)(1 / fmax(1, before - config->t0));
    const unsigned decay = config->weight_decay != 0 ? ASGD_DECAY : 0;
    if (k.minus_eta != -eta || k.shrink != shrink || k.mu != mu || options != (decay | (mu != 1 ? ASGD_AVERAGING : 0)))
        fail_msg("lr %g, lambd %g, alpha %g, t0 %.17g, step %llu: -eta %a, shrink %a, mu %a, options %u", config->lr,
                 config->lambd, config->alpha, config->t0, (unsigned long long)step, (double)k.minus_eta,
                 (double)k.shrink, (double)k.mu, options);
}

static void asgd(void **state)
{
    (void)state;
    static const double lrs[] = {0, 1e-3, 0.013, 1, 1e10}, lambds[] = {0, 1e-4, 0.3, 1}, alphas[] = {0.75, 0, 1, 7, -1};
    static const double t0s[] = {1e6,  0,     -0.0,   0.5,   0.9999999, 1,        3,      100.25,     -1,
                                 -0.5, -1e10, -1e300, 1e300, DBL_MAX,   -DBL_MAX, 0x1p53, 0x1p53 - 2, -0x1p53};
    for (size_t i = 0; i < COUNT(lrs) * COUNT(lambds) * COUNT(alphas) * COUNT(t0s); i++) {
        const descend_asgd config = {.lr = lrs[i % COUNT(lrs)],
                                     .lambd = lambds[i / COUNT(lrs) % COUNT(lambds)],
                                     .alpha = alphas[i / COUNT(lrs) / COUNT(lambds) % COUNT(alphas)],
                                     .t0 = t0s[i / COUNT(lrs) / COUNT(lambds) / COUNT(alphas)],
                                     .weight_decay = i % 2 ? 0.013 : 0};
        for (uint64_t step = 1; step <= STEP_MAX; step = next_step(step, 200))
            check_asgd(&config, step);
        for (uint64_t step = 999990; step < 1000010; step++)
            check_asgd(&config, step);
        for (uint64_t step = STEP_MAX - 5; step <= STEP_MAX; step++)
            check_asgd(&config, step);
    }
}

/* The last step at which ax is the parameter, the next one's mu. */
static void asgd_averages_from_the_right_step(void **state)
{
    (void)state;
    static const struct {
        double t0;
        uint64_t last;
        float mu;
    } cases[] = {{1e6, 1000002, 0.5f},
                 {0, 2, 0.5f},
                 {-0.0, 2, 0.5f},
                 {0.5, 2, (float)(1 / 1.5)},
                 {0.75, 2, 0.8f},
                 {1, 3, 0.5f},
                 {3, 5, 0.5f},
                 {0x1p-1074, 2, 0.5f},
                 {-0x1p-1074, 2, 0.5f}, /* lost beside 1 */
                 {1 - 0x1p-10, 2, (float)(1 / (1 + 0x1p-10))},
                 {1 - 0x1p-26, 3, 0.5f}, /* 1/(1 + 2^-26) is 1 as a float32 */
                 {-0x1p-10, 1, (float)(1 / (1 + 0x1p-10))},
                 {-1, 1, 0.5f},
                 {-3, 1, 0.25f},
                 {-1e300, 1, 0}, /* the first step is always taken as it is */
                 {-DBL_MAX, 1, 0},
                 {0x1p53 - 3, STEP_MAX - 1, 0.5f}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const descend_asgd config = {.lr = 0.013, .lambd = 1e-4, .alpha = 0.75, .t0 = cases[i].t0};
        struct asgd_scalars k;
        unsigned options;
        struct descend_step_context at = {.step = cases[i].last};
        assert_int_equal(descend_asgd_rule.prepare(&config, &at, &k, &options), DESCEND_OK);
        if (k.mu != 1 || options != 0)
            fail_msg("t0 %a: mu is %a at step %llu", config.t0, (double)k.mu, (unsigned long long)at.step);
        at.step++;
        assert_int_equal(descend_asgd_rule.prepare(&config, &at, &k, &options), DESCEND_OK);
        if (k.mu != cases[i].mu || options != ASGD_AVERAGING)
            fail_msg("t0 %a: mu is %a at step %llu", config.t0, (double)k.mu, (unsigned long long)at.step);
    }
}

static struct ademamix_scalars ademamix_at(double beta3, double warmup, uint64_t step)
{
    const descend_ademamix config = {.lr = 0.0017,
                                     .beta1 = 0.9,
                                     .beta2 = 0.999,
                                     .beta3 = beta3,
                                     .alpha = 4.7,
                                     .beta3_warmup = warmup,
                                     .alpha_warmup = warmup,
                                     .eps = 1e-8};
    struct ademamix_scalars k;
    unsigned options;
    assert_int_equal(descend_ademamix_rule.prepare(&config, &(struct descend_step_context){.step = step}, &k, &options),
                     DESCEND_OK);
    return k;
}

/* From its last step on a warm-up is as if there were none, also for a beta3 below beta1. */
static void check_warm_up(double beta3)
{
    enum { WARMUP = 10 };
    for (uint64_t step = 1; step < 3 * WARMUP; step++) {
        const struct ademamix_scalars without = ademamix_at(beta3, 0, step), with = ademamix_at(beta3, WARMUP, step);
        if (step < WARMUP)
            assert_true(with.minus_slow_step > without.minus_slow_step);
        else if (memcmp(&with, &without, sizeof with) != 0)
            fail_msg("beta3 %a, step %llu: it is warmed up for %d", beta3, (unsigned long long)step, WARMUP);
    }
}

static void ademamix(void **state)
{
    (void)state;
    static const double betas[] = {0, 0.3, 0.5, 0.9, 0.9999};
    for (size_t i = 0; i < COUNT(betas); i++)
        check_warm_up(betas[i]);
    /* each in the middle of two floats, where an error in the last place of exp(log(beta3)) shows */
    for (int i = 1; i < 400; i += 2)
        check_warm_up(0x1p-10 + i * 0x1p-34);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(radam_rectifies_from_the_right_step),
        cmocka_unit_test(radam_where_rho_is_5),
        cmocka_unit_test(radam_decays),
        cmocka_unit_test(nadam),
        cmocka_unit_test(asgd),
        cmocka_unit_test(asgd_averages_from_the_right_step),
        cmocka_unit_test(ademamix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
