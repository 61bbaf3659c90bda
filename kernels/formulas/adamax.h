/* SPDX-License-Identifier: MIT */
/* Adamax: Kingma and Ba 2015, section 7.1; as torch.optim.Adamax 1.13.1. */
#ifndef DESCEND_ADAMAX_H
#define DESCEND_ADAMAX_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { ADAMAX_DECAY = 1, ADAMAX_OPTION_SETS = 2, ADAMAX_STATES = 2 };

struct adamax_scalars {
    struct gradient_scalars gradient;
    struct average_scalars beta1;
    float beta2, eps;
    float minus_step_size; /* -lr / (1 - beta1^t) */
};

static inline struct state_use adamax_used(unsigned options)
{
    (void)options;
    return read_and_written(3);
}

static inline void adamax_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adamax_scalars *k = scalars;

    vf *const m = &v->s[0], *const norm = &v->s[1];
    v->g = effective_gradient(k->gradient, options & ADAMAX_DECAY, v->p, v->g);
    *m = average(k->beta1, *m, v->g);
    *norm = vf_max(vf_mul(*norm, vf_set1(k->beta2)), vf_add(vf_abs(v->g), vf_set1(k->eps)));
}

static inline void adamax_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adamax_scalars *k = scalars;
    (void)options;

    v->p = vf_add(v->p, vf_div(vf_mul(vf_set1(k->minus_step_size), v->s[0]), v->s[1]));
}

#endif
