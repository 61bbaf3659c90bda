/* SPDX-License-Identifier: MIT */
/* RMSprop: Hinton, Coursera lecture 6e, 2012; centered after Graves 2013; as torch.optim.RMSprop 1.13.1. */
#ifndef DESCEND_RMSPROP_H
#define DESCEND_RMSPROP_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { RMSPROP_DECAY = 1, RMSPROP_CENTERED = 2, RMSPROP_MOMENTUM = 4, RMSPROP_OPTION_SETS = 8, RMSPROP_STATES = 3 };

struct rmsprop_scalars {
    struct gradient_scalars gradient;
    struct average_scalars alpha;
    float minus_lr, eps, momentum;
};

static inline struct state_use rmsprop_used(unsigned options)
{
    return read_and_written(1u | (options & RMSPROP_CENTERED ? 2u : 0u) | (options & RMSPROP_MOMENTUM ? 4u : 0u));
}

/* x: with momentum the new buffer, else the gradient's divisor. */
static inline void rmsprop_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct rmsprop_scalars *k = scalars;

    vf *const square = &v->s[0], *const mean = &v->s[1], *const buffer = &v->s[2];
    v->g = effective_gradient(k->gradient, options & RMSPROP_DECAY, v->p, v->g);
    *square = average_square(k->alpha, *square, v->g);
    vf variance = *square;
    if (options & RMSPROP_CENTERED) {
        *mean = average(k->alpha, *mean, v->g);
        variance = vf_sub(variance, vf_mul(*mean, *mean));
    }
    v->x = vf_add(vf_sqrt(variance), vf_set1(k->eps));
    if (options & RMSPROP_MOMENTUM)
        v->x = *buffer = vf_add(vf_mul(*buffer, vf_set1(k->momentum)), vf_div(v->g, v->x));
}

static inline void rmsprop_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct rmsprop_scalars *k = scalars;

    const vf minus_lr = vf_set1(k->minus_lr);
    const vf step = options & RMSPROP_MOMENTUM ? vf_mul(minus_lr, v->x) : vf_div(vf_mul(minus_lr, v->g), v->x);
    v->p = vf_add(v->p, step);
}

#endif
