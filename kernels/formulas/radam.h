/* SPDX-License-Identifier: MIT */
/* RAdam: Liu et al. 2020; as torch.optim.RAdam 1.13.1. */
#ifndef DESCEND_RADAM_H
#define DESCEND_RADAM_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { RADAM_DECAY = 1, RADAM_RECTIFIED = 2, RADAM_OPTION_SETS = 4, RADAM_STATES = 2 };

struct radam_scalars {
    struct gradient_scalars gradient;
    struct average_scalars beta1, beta2;
    float lr, eps;
    float correction1, root_correction2; /* 1 - beta1^t, sqrt(1 - beta2^t) */
    float rectification;
    float shrink; /* 1 - lr * weight_decay where weight decay is decoupled, else 1 */
};

static inline struct state_use radam_used(unsigned options)
{
    (void)options;
    return read_and_written(3);
}

static inline void radam_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct radam_scalars *k = scalars;

    vf *const m = &v->s[0], *const square = &v->s[1];
    v->g = effective_gradient(k->gradient, options & RADAM_DECAY, v->p, v->g);
    *m = average(k->beta1, *m, v->g);
    *square = average_square(k->beta2, *square, v->g);
    v->x = vf_sqrt(*square);
}

/* Divides by correction1 with vf_div: exp_avg may be outside the range in which vf_quotient is exact. */
static inline void radam_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct radam_scalars *k = scalars;

    vf step = vf_mul(vf_div(v->s[0], vf_set1(k->correction1)), vf_set1(k->lr));
    if (options & RADAM_RECTIFIED) {
        const vf over = vf_div(vf_set1(1.0f), vf_add(v->x, vf_set1(k->eps)));
        step = vf_mul(vf_mul(step, vf_mul(over, vf_set1(k->root_correction2))), vf_set1(k->rectification));
    }
    v->p = vf_sub(vf_mul(v->p, vf_set1(k->shrink)), step);
}

#endif
