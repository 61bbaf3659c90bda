/* SPDX-License-Identifier: MIT */
/* Plain loops as users write them after a textbook, compiled in several ways: CMake defines NAIVE_ID and NAIVE_NAME. */
#include "naive.h"

#include <math.h>

static void sgd(size_t n, float *p, const float *g)
{
    for (size_t i = 0; i < n; i++)
        p[i] -= 1e-3f * g[i];
}

static void momentum(size_t n, float *p, const float *g, float *buffer)
{
    for (size_t i = 0; i < n; i++) {
        buffer[i] = 0.9f * buffer[i] + g[i];
        p[i] -= 1e-3f * buffer[i];
    }
}

static void rmsprop(size_t n, float *p, const float *g, float *square_avg)
{
    for (size_t i = 0; i < n; i++) {
        square_avg[i] = 0.99f * square_avg[i] + 0.01f * g[i] * g[i];
        p[i] -= 1e-2f * g[i] / (sqrtf(square_avg[i]) + 1e-8f);
    }
}

static void adam(size_t n, float *p, const float *g, float *exp_avg, float *exp_avg_sq, int step)
{
    const float correction1 = 1 - powf(0.9f, (float)step), correction2 = 1 - powf(0.999f, (float)step);
    for (size_t i = 0; i < n; i++) {
        exp_avg[i] = 0.9f * exp_avg[i] + 0.1f * g[i];
        exp_avg_sq[i] = 0.999f * exp_avg_sq[i] + 0.001f * g[i] * g[i];
        p[i] -= 1e-3f * (exp_avg[i] / correction1) / (sqrtf(exp_avg_sq[i] / correction2) + 1e-8f);
    }
}

#define PASTE(a, b) a##b
#define NAIVE(id) PASTE(naive_, id)
extern const struct naive NAIVE(NAIVE_ID);
const struct naive NAIVE(NAIVE_ID) = {NAIVE_NAME, sgd, momentum, rmsprop, adam};
