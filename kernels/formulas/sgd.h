/* SPDX-License-Identifier: MIT */
/* SGD with momentum: Sutskever et al. 2013; as torch.optim.SGD 1.13.1. */
#ifndef DESCEND_SGD_H
#define DESCEND_SGD_H

#include "formulas/formula.h"
#include "formulas/gradient.h"

/* The use of the momentum buffer is one of five modes rather than a set of bits, because Nesterov needs momentum. The
 * _FIRST modes are for the first step, which writes the buffer without reading it. */
enum {
    SGD_DECAY = 1,
    SGD_PLAIN = 0,
    SGD_MOMENTUM = 2,
    SGD_MOMENTUM_FIRST = 4,
    SGD_NESTEROV = 6,
    SGD_NESTEROV_FIRST = 8,
    SGD_OPTION_SETS = 10,
    SGD_STATES = 1
};

struct sgd_scalars {
    struct gradient_scalars gradient;
    float minus_lr, momentum, undampened; /* undampened: 1 - dampening */
};

static inline struct state_use sgd_used(unsigned options)
{
    const unsigned mode = options & ~(unsigned)SGD_DECAY;
    return (struct state_use){.read = mode == SGD_MOMENTUM || mode == SGD_NESTEROV, .written = mode != SGD_PLAIN};
}

/* x: the direction of the step. */
static inline void sgd_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct sgd_scalars *k = scalars;

    const unsigned mode = options & ~(unsigned)SGD_DECAY;
    vf *const buffer = &v->s[0];
    v->x = v->g = effective_gradient(k->gradient, options & SGD_DECAY, v->p, v->g);
    if (mode == SGD_PLAIN)
        return;
    if (mode == SGD_MOMENTUM_FIRST || mode == SGD_NESTEROV_FIRST)
        *buffer = v->g;
    else
        *buffer = vf_add(vf_mul(*buffer, vf_set1(k->momentum)), vf_mul(vf_set1(k->undampened), v->g));
    v->x = *buffer;
    if (mode == SGD_NESTEROV || mode == SGD_NESTEROV_FIRST)
        v->x = vf_add(v->g, vf_mul(vf_set1(k->momentum), *buffer));
}

static inline void sgd_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct sgd_scalars *k = scalars;
    (void)options;

    v->p = vf_add(v->p, vf_mul(vf_set1(k->minus_lr), v->x));
}

#endif
