/* SPDX-License-Identifier: MIT */
/* AdEMAMix: Pagliardini, Ablin and Grangier 2024, algorithm 1: Adam with a second, slow average of the gradient. */
#ifndef DESCEND_ADEMAMIX_H
#define DESCEND_ADEMAMIX_H

#include "formulas/average.h"
#include "formulas/formula.h"

enum { ADEMAMIX_OPTION_SETS = 1, ADEMAMIX_STATES = 3 };

struct ademamix_scalars {
    float sign, eps, shrink; /* shrink: 1 - lr * weight_decay */
    struct average_scalars beta1, beta2, beta3;
    float minus_fast_step, minus_slow_step;           /* -lr / (1 - beta1^t), -lr * alpha */
    float root_correction2, inverse_root_correction2; /* sqrt(1 - beta2^t), and its reciprocal */
};

static inline struct state_use ademamix_used(unsigned options)
{
    (void)options;
    return read_and_written(7);
}

/* x: the root of the average of squares, without bias correction. */
static inline void ademamix_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct ademamix_scalars *k = scalars;
    vf *const fast = &v->s[0], *const slow = &v->s[1], *const square = &v->s[2];
    (void)options;

    v->g = vf_mul(vf_set1(k->sign), v->g);
    *fast = average(k->beta1, *fast, v->g);
    *slow = average(k->beta3, *slow, v->g);
    *square = average_square(k->beta2, *square, v->g);
    v->x = vf_sqrt(*square);
}

static inline void ademamix_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct ademamix_scalars *k = scalars;
    (void)options;

    const vf root = vf_quotient(v->x, vf_set1(k->root_correction2), vf_set1(k->inverse_root_correction2));
    const vf step = vf_add(vf_mul(vf_set1(k->minus_fast_step), v->s[0]), vf_mul(vf_set1(k->minus_slow_step), v->s[1]));
    v->p = vf_add(vf_mul(v->p, vf_set1(k->shrink)), vf_div(step, vf_add(root, vf_set1(k->eps))));
}

#endif
