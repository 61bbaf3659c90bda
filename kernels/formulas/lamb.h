/* SPDX-License-Identifier: MIT */
/* LAMB: You et al. 2020, algorithm 2, with the identity for the trust ratio's phi. The ratio needs the norms of the
 * whole tensor, so there are two passes: the first updates the states and adds up norms, the second updates the
 * parameter from the updated states. */
#ifndef DESCEND_LAMB_H
#define DESCEND_LAMB_H

#include "formulas/average.h"
#include "formulas/formula.h"

enum { LAMB_OPTION_SETS = 1, LAMB_STATES = 2 };

struct lamb_scalars {
    float sign, weight_decay, eps;
    struct average_scalars beta1, beta2;
    float correction1;                                /* 1 - beta1^t */
    float root_correction2, inverse_root_correction2; /* sqrt(1 - beta2^t), and its reciprocal */
    float minus_step;                                 /* -lr * ratio */
};

static inline struct state_use lamb_used(unsigned options)
{
    (void)options;
    return read_and_written(3);
}

/* Replaces the first half in the second pass, where the states are already updated. x: the direction of the step. */
static inline void lamb_again(const void *scalars, unsigned options, struct lanes *v)
{
    const struct lamb_scalars *k = scalars;
    (void)options;

    const vf root = vf_quotient(vf_sqrt(v->s[1]), vf_set1(k->root_correction2), vf_set1(k->inverse_root_correction2));
    const vf direction = vf_div(vf_div(v->s[0], vf_set1(k->correction1)), vf_add(root, vf_set1(k->eps)));
    v->x = vf_add(direction, vf_mul(vf_set1(k->weight_decay), v->p));
}

static inline void lamb_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct lamb_scalars *k = scalars;

    vf *const m = &v->s[0], *const square = &v->s[1];
    v->g = vf_mul(vf_set1(k->sign), v->g);
    *m = average(k->beta1, *m, v->g);
    *square = average_square(k->beta2, *square, v->g);
    lamb_again(scalars, options, v);
}

static inline void lamb_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct lamb_scalars *k = scalars;
    (void)options;

    v->p = vf_add(v->p, vf_mul(vf_set1(k->minus_step), v->x));
}

#endif
