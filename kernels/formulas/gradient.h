/* SPDX-License-Identifier: MIT */
/* The gradient that most rules step by: negated where the rule maximizes, then with weight_decay * param added. */
#ifndef DESCEND_GRADIENT_H
#define DESCEND_GRADIENT_H

#include <stdbool.h>

#include "vec/vec.h"

struct gradient_scalars {
    float sign, weight_decay; /* sign: -1 to maximize, else 1; the object multiplies it by descend_pass.grad_scale */
};

/* Without decay nothing is added, rather than 0 * param: an infinite param would make that NaN. */
static inline vf effective_gradient(struct gradient_scalars k, bool decay, vf p, vf g)
{
    g = vf_mul(vf_set1(k.sign), g);
    return decay ? vf_add(g, vf_mul(vf_set1(k.weight_decay), p)) : g;
}

#endif
