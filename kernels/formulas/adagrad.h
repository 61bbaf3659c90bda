/* SPDX-License-Identifier: MIT */
/* Adagrad: Duchi, Hazan and Singer 2011; as torch.optim.Adagrad 1.13.1. */
#ifndef DESCEND_ADAGRAD_H
#define DESCEND_ADAGRAD_H

#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { ADAGRAD_DECAY = 1, ADAGRAD_OPTION_SETS = 2, ADAGRAD_STATES = 1 };

struct adagrad_scalars {
    struct gradient_scalars gradient;
    float minus_lr, eps; /* minus_lr: after lr_decay */
    float start;         /* of sum: not used here, but checked to be finite with the other scalars */
};

static inline struct state_use adagrad_used(unsigned options)
{
    (void)options;
    return read_and_written(1);
}

static inline void adagrad_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adagrad_scalars *k = scalars;

    vf *const sum = &v->s[0];
    v->g = effective_gradient(k->gradient, options & ADAGRAD_DECAY, v->p, v->g);
    *sum = vf_add(*sum, vf_mul(v->g, v->g));
    v->x = vf_sqrt(*sum);
}

static inline void adagrad_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adagrad_scalars *k = scalars;
    (void)options;

    v->p = vf_add(v->p, vf_div(vf_mul(vf_set1(k->minus_lr), v->g), vf_add(v->x, vf_set1(k->eps))));
}

#endif
