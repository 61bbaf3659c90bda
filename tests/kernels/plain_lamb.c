/* SPDX-License-Identifier: MIT */
#include "plain_lamb.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

const char *const lamb_names[LAMB_ARRAYS] = {"param", "grad", "exp_avg", "exp_avg_sq"};

descend_lamb lamb_config_of(bool decay, bool maximize)
{
    return (descend_lamb){.lr = 0.0017,
                          .beta1 = 0.87,
                          .beta2 = 0.9993,
                          .eps = 3e-8,
                          .weight_decay = decay ? 0.013 : 0,
                          .maximize = maximize};
}

descend_status lamb_step(const descend_lamb *c, uint64_t step, struct arrays *a, const descend_exec *exec)
{
    return descend_lamb_step(c, step, a->array[PARAM], a->array[GRAD], a->array[EXP_AVG], a->array[EXP_AVG_SQ], a->n,
                             exec);
}

void lamb_copy(struct arrays *to, const struct arrays *from)
{
    for (size_t k = 0; k < LAMB_ARRAYS; k++)
        memcpy(to->array[k], from->array[k], from->n * sizeof(float));
}

void lamb_begin(struct arrays *a, uint64_t seed, bool averages)
{
    fill(a->array[PARAM], a->n, ORDINARY, seed);
    fill(a->array[GRAD], a->n, ORDINARY, seed + 1);
    memset(a->array[EXP_AVG], 0, a->n * sizeof(float));
    memset(a->array[EXP_AVG_SQ], 0, a->n * sizeof(float));
    if (!averages)
        return;
    fill(a->array[EXP_AVG], a->n, ORDINARY, seed + 2);
    fill(a->array[EXP_AVG_SQ], a->n, ORDINARY, seed + 3);
    for (size_t i = 0; i < a->n; i++)
        a->array[EXP_AVG_SQ][i] = fabsf(a->array[EXP_AVG_SQ][i]);
}

void assert_same_lamb(const struct arrays *expected, const struct arrays *got, const char *context, ...)
{
    for (size_t k = 0; k < LAMB_ARRAYS; k++) {
        const size_t i = first_difference(expected->array[k], got->array[k], expected->n);
        if (i == expected->n)
            continue;
        char where[256];
        va_list arguments;
        va_start(arguments, context);
        /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it does not see va_start here */
        vsnprintf(where, sizeof where, context, arguments);
        va_end(arguments);
        fail_msg("%s, %s: %s[%zu] of %zu is %a, not %a", descend_isa_active(), where, lamb_names[k], i, expected->n,
                 (double)got->array[k][i], (double)expected->array[k][i]);
    }
}

static double plain_norm(const float *x, size_t n)
{
    const size_t parts = (n + 255) / 256, least = (parts + 4095) / 4096 * 4096, segment = least < 4096 ? 4096 : least;
    double sum = 0;
    for (size_t first = 0; first < n; first += segment) {
        double lane[16] = {0}, lanes = 0;
        for (size_t i = 0; i < segment && first + i < n; i++)
            lane[i % 16] += (double)x[first + i] * (double)x[first + i];
        for (size_t i = 0; i < 16; i++)
            lanes += lane[i];
        sum += lanes;
    }
    return sqrt(sum);
}

double plain_ratio(const descend_lamb *c, uint64_t step, struct arrays *a)
{
    const float beta1 = (float)c->beta1, rest1 = (float)(1 - c->beta1);
    const float beta2 = (float)c->beta2, rest2 = (float)(1 - c->beta2);
    const float correction1 = (float)(1 - pow(c->beta1, (double)step));
    const float correction2 = (float)sqrt(1 - pow(c->beta2, (double)step));
    const float eps = (float)c->eps, decay = (float)c->weight_decay;
    float *const m = a->array[EXP_AVG], *const v = a->array[EXP_AVG_SQ], *const r = a->array[UPDATE];
    for (size_t i = 0; i < a->n; i++) {
        const float g = c->maximize ? -a->array[GRAD][i] : a->array[GRAD][i];
        m[i] = (m[i] * beta1) + (rest1 * g);
        v[i] = (v[i] * beta2) + ((rest2 * g) * g);
        r[i] = ((m[i] / correction1) / ((sqrtf(v[i]) / correction2) + eps)) + (decay * a->array[PARAM][i]);
    }
    const double of_param = plain_norm(a->array[PARAM], a->n), of_update = plain_norm(r, a->n);
    return of_param == 0 || of_update == 0 ? 1 : of_param / of_update;
}

void plain_move(const descend_lamb *c, double ratio, struct arrays *a)
{
    const float coefficient = (float)(-(c->lr * ratio));
    for (size_t i = 0; i < a->n; i++)
        a->array[PARAM][i] = a->array[PARAM][i] + (coefficient * a->array[UPDATE][i]);
}

void plain_step(const descend_lamb *c, uint64_t step, struct arrays *a)
{
    plain_move(c, plain_ratio(c, step, a), a);
}
