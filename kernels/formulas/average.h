/* SPDX-License-Identifier: MIT */
/* Exponential moving averages of the gradient and of its square. */
#ifndef DESCEND_AVERAGE_H
#define DESCEND_AVERAGE_H

#include "vec/vec.h"

struct average_scalars {
    float beta, one_minus_beta;
};

static inline vf average(struct average_scalars k, vf mean, vf x)
{
    return vf_add(vf_mul(mean, vf_set1(k.beta)), vf_mul(vf_set1(k.one_minus_beta), x));
}

static inline vf average_square(struct average_scalars k, vf mean, vf x)
{
    return vf_add(vf_mul(mean, vf_set1(k.beta)), vf_mul(vf_mul(vf_set1(k.one_minus_beta), x), x));
}

#endif
