/* SPDX-License-Identifier: MIT */
/* Rprop: Riedmiller and Braun 1993, without weight-backtracking; as torch.optim.Rprop 1.13.1. */
#ifndef DESCEND_RPROP_H
#define DESCEND_RPROP_H

#include "formulas/formula.h"
#include "formulas/sign.h"

enum { RPROP_OPTION_SETS = 1, RPROP_STATES = 2 };

struct rprop_scalars {
    float sign, eta_minus, eta_plus, step_size_min, step_size_max;
    float start; /* of step_size: not used here, but checked to be finite with the other scalars */
};

static inline struct state_use rprop_used(unsigned options)
{
    (void)options;
    return read_and_written(3);
}

static inline void rprop_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct rprop_scalars *k = scalars;
    (void)options;

    const vf zero = vf_set1(0.0f), eta_minus = vf_set1(k->eta_minus), eta_plus = vf_set1(k->eta_plus);
    const vf least = vf_set1(k->step_size_min), most = vf_set1(k->step_size_max);
    vf *const prev = &v->s[0], *const step_size = &v->s[1];
    v->g = vf_mul(vf_set1(k->sign), v->g);
    const vf agreement = vf_mul(v->g, *prev);
    const vf eta = vf_if_greater(agreement, zero, eta_plus, vf_if_greater(zero, agreement, eta_minus, vf_set1(1.0f)));
    vf size = vf_mul(*step_size, eta);
    size = vf_if_greater(least, size, least, size);
    *step_size = vf_if_greater(size, most, most, size);
    *prev = vf_if_greater(eta, eta_minus, v->g, zero);
}

static inline void rprop_second(const void *scalars, unsigned options, struct lanes *v)
{
    (void)scalars, (void)options;

    v->p = vf_add(v->p, vf_mul(vf_mul(vf_set1(-1.0f), sign(v->s[0])), v->s[1]));
}

#endif
