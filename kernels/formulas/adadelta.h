/* SPDX-License-Identifier: MIT */
/* Adadelta: Zeiler 2012; as torch.optim.Adadelta 1.13.1. */
#ifndef DESCEND_ADADELTA_H
#define DESCEND_ADADELTA_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { ADADELTA_DECAY = 1, ADADELTA_OPTION_SETS = 2, ADADELTA_STATES = 2 };

struct adadelta_scalars {
    struct gradient_scalars gradient;
    struct average_scalars rho;
    float minus_lr, eps;
};

static inline struct state_use adadelta_used(unsigned options)
{
    (void)options;
    return read_and_written(3);
}

/* x: the step, not yet multiplied by lr. */
static inline void adadelta_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adadelta_scalars *k = scalars;

    const vf eps = vf_set1(k->eps);
    vf *const square = &v->s[0], *const step = &v->s[1];
    v->g = effective_gradient(k->gradient, options & ADADELTA_DECAY, v->p, v->g);
    *square = average_square(k->rho, *square, v->g);
    v->x = vf_mul(vf_div(vf_sqrt(vf_add(*step, eps)), vf_sqrt(vf_add(*square, eps))), v->g);
    *step = average_square(k->rho, *step, v->x);
}

static inline void adadelta_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adadelta_scalars *k = scalars;
    (void)options;

    v->p = vf_add(v->p, vf_mul(vf_set1(k->minus_lr), v->x));
}

#endif
