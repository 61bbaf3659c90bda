/* SPDX-License-Identifier: MIT */
/* Adam: Kingma and Ba 2015, AMSGrad: Reddi et al. 2018; as torch.optim.Adam 1.13.1. */
#ifndef DESCEND_ADAM_H
#define DESCEND_ADAM_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { ADAM_AMSGRAD = 1, ADAM_DECAY = 2, ADAM_OPTION_SETS = 4, ADAM_STATES = 3 };

struct adam_scalars {
    struct gradient_scalars gradient;
    struct average_scalars beta1, beta2;
    float eps;
    float minus_step_size;                            /* -lr / (1 - beta1^t) */
    float root_correction2, inverse_root_correction2; /* sqrt(1 - beta2^t), and its reciprocal */
};

static inline struct state_use adam_used(unsigned options)
{
    return read_and_written(options & ADAM_AMSGRAD ? 7 : 3);
}

/* x: the root of the average of squares, without bias correction. */
static inline void adam_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adam_scalars *k = scalars;

    vf *const m = &v->s[0], *const square = &v->s[1], *const largest = &v->s[2];
    v->g = effective_gradient(k->gradient, options & ADAM_DECAY, v->p, v->g);
    *m = average(k->beta1, *m, v->g);
    *square = average_square(k->beta2, *square, v->g);
    if (options & ADAM_AMSGRAD)
        *largest = vf_max(*largest, *square);
    v->x = vf_sqrt(options & ADAM_AMSGRAD ? *largest : *square);
}

static inline void adam_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adam_scalars *k = scalars;
    (void)options;

    const vf root = vf_quotient(v->x, vf_set1(k->root_correction2), vf_set1(k->inverse_root_correction2));
    v->p = vf_add(v->p, vf_div(vf_mul(vf_set1(k->minus_step_size), v->s[0]), vf_add(root, vf_set1(k->eps))));
}

#endif
