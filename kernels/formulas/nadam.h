/* SPDX-License-Identifier: MIT */
/* NAdam: Dozat 2016; as torch.optim.NAdam 2.x. 1.13.1 has one factor mu too many in the coefficient of exp_avg. */
#ifndef DESCEND_NADAM_H
#define DESCEND_NADAM_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { NADAM_DECAY = 1, NADAM_OPTION_SETS = 2, NADAM_STATES = 2 };

struct nadam_scalars {
    struct gradient_scalars gradient;
    struct average_scalars beta1, beta2;
    float correction2, eps;            /* correction2: 1 - beta2^t */
    float minus_grad_step, minus_step; /* the coefficients of the gradient and of exp_avg in the step */
    float shrink;                      /* 1 - lr * weight_decay where weight decay is decoupled, else 1 */
};

static inline struct state_use nadam_used(unsigned options)
{
    (void)options;
    return read_and_written(3);
}

/* Divides by correction2 with vf_div: *square may be below the range in which vf_quotient is exact.
 * x: the root of the bias-corrected average of squares. */
static inline void nadam_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct nadam_scalars *k = scalars;

    vf *const m = &v->s[0], *const square = &v->s[1];
    v->g = effective_gradient(k->gradient, options & NADAM_DECAY, v->p, v->g);
    *m = average(k->beta1, *m, v->g);
    *square = average_square(k->beta2, *square, v->g);
    v->x = vf_sqrt(vf_div(*square, vf_set1(k->correction2)));
}

static inline void nadam_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct nadam_scalars *k = scalars;
    (void)options;

    const vf d = vf_add(v->x, vf_set1(k->eps));
    v->p = vf_mul(v->p, vf_set1(k->shrink));
    v->p = vf_add(v->p, vf_div(vf_mul(vf_set1(k->minus_grad_step), v->g), d));
    v->p = vf_add(v->p, vf_div(vf_mul(vf_set1(k->minus_step), v->s[0]), d));
}

#endif
