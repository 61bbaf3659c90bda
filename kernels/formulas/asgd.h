/* SPDX-License-Identifier: MIT */
/* Averaged SGD: Polyak and Juditsky 1992, with the rates of Bottou 2010; as torch.optim.ASGD 1.13.1 with a constant lr.
 * A changed lr takes effect one step later in torch, which computes each rate a step ahead. */
#ifndef DESCEND_ASGD_H
#define DESCEND_ASGD_H

#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { ASGD_DECAY = 1, ASGD_AVERAGING = 2, ASGD_OPTION_SETS = 4, ASGD_STATES = 1 };

struct asgd_scalars {
    struct gradient_scalars gradient;
    float minus_eta; /* eta: the rate of this step */
    float shrink;    /* 1 - lambd * eta */
    float mu;        /* the weight of the new parameter in the average */
};

static inline struct state_use asgd_used(unsigned options)
{
    return (struct state_use){.read = options & ASGD_AVERAGING ? 1 : 0, .written = 1};
}

/* x: the new parameter, which the average follows. */
static inline void asgd_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct asgd_scalars *k = scalars;

    vf *const ax = &v->s[0];
    v->g = effective_gradient(k->gradient, options & ASGD_DECAY, v->p, v->g);
    v->x = vf_add(vf_mul(v->p, vf_set1(k->shrink)), vf_mul(vf_set1(k->minus_eta), v->g));
    *ax = options & ASGD_AVERAGING ? vf_add(*ax, vf_mul(vf_sub(v->x, *ax), vf_set1(k->mu))) : v->x;
}

static inline void asgd_second(const void *scalars, unsigned options, struct lanes *v)
{
    (void)scalars, (void)options;

    v->p = v->x;
}

#endif
