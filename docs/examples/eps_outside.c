/* SPDX-License-Identifier: MIT */
/* TensorFlow's Adam: p -= lr * sqrt(1 - beta2^t) / (1 - beta1^t) * m / (sqrt(v) + eps), in which eps is added to the
 * root before it is corrected ("epsilon hat" in the paper). In two ways, and beside the loop itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <descend/config.h>

enum { N = 1000, STEPS = 20 };
static const double lr = 0.01, beta1 = 0.9, beta2 = 0.999, eps_hat = 1e-3;
static float grad[N], p[N], m[N], v[N], p1[N], m1[N], v1[N], p2[N], m2[N], v2[N];

/* Both corrections are in lr, so there is none beside it. Exactly the bits of the loop. */
static descend_status corrected(double rate)
{
    descend_config config = descend_config_defaults(DESCEND_ADAM);
    config.adam.lr = rate;
    config.adam.eps = eps_hat;
    float *const state[] = {m1, v1, NULL};
    return descend_step_corrected(&config, 1, 1, p1, grad, state, N, NULL);
}

/* The same number, because sqrt(v) / c + eps / c is (sqrt(v) + eps) / c; other roundings. Also for the optimizer
 * object: descend_optimizer_configure before each step. */
static descend_status scaled(uint64_t step, double correction2)
{
    descend_adam config = descend_adam_defaults();
    config.lr = lr;
    config.eps = eps_hat / sqrt(correction2);
    return descend_adam_step(&config, step, p2, grad, m2, v2, NULL, N, NULL);
}

static void loop(float rate)
{
    for (int i = 0; i < N; i++) {
        m[i] = m[i] * (float)beta1 + (float)(1 - beta1) * grad[i];
        v[i] = v[i] * (float)beta2 + (float)(1 - beta2) * grad[i] * grad[i];
        p[i] -= rate * m[i] / (sqrtf(v[i]) + (float)eps_hat);
    }
}

int main(void)
{
    int failed = 0;
    for (unsigned step = 1; step <= STEPS; step++) {
        const double correction1 = 1 - pow(beta1, step), correction2 = 1 - pow(beta2, step);
        for (int i = 0; i < N; i++)
            grad[i] = (p[i] - 1) * (float)(i + 1) * 1e-5f;
        loop((float)(lr * sqrt(correction2) / correction1));
        failed |=
            corrected(lr * sqrt(correction2) / correction1) != DESCEND_OK || scaled(step, correction2) != DESCEND_OK;
    }
    for (int i = 0; i < N; i++) /* of the second way: up to four roundings of 2^-24 in each step */
        failed |= !(fabsf(p2[i] - p[i]) <= p[i] * STEPS * 8 * 0x1p-24f) || !(p[i] > 0);
    failed |= memcmp(p1, p, sizeof p) != 0 || memcmp(m1, m, sizeof m) != 0 || memcmp(v1, v, sizeof v) != 0;
    puts(failed ? "failed" : "eps outside the correction: the bits of the loop, and its numbers");
    return failed;
}
