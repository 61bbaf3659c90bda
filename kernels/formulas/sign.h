/* SPDX-License-Identifier: MIT */
/* The sign of a number: 1, -1, or +0 for zeros and NaN. */
#ifndef DESCEND_SIGN_H
#define DESCEND_SIGN_H

#include "vec/vec.h"

static inline vf sign(vf x)
{
    const vf zero = vf_set1(0.0f);
    return vf_if_greater(x, zero, vf_set1(1.0f), vf_if_greater(zero, x, vf_set1(-1.0f), zero));
}

#endif
