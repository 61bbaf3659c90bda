/* What most rules do to the gradient first: maximize negates it, then weight decay adds weight_decay * param. */
#ifndef DESCEND_LEAD_IN_H
#define DESCEND_LEAD_IN_H

#include <stdbool.h>

#include "vec/vec.h"

struct lead_in_scalars {
    float sign, weight_decay;
};

/* decay is a condition and not a weight of 0, which would make an infinite param NaN. */
static inline vf lead_in(struct lead_in_scalars k, bool decay, vf p, vf g)
{
    g = vf_mul(vf_set1(k.sign), g);
    return decay ? vf_add(g, vf_mul(vf_set1(k.weight_decay), p)) : g;
}

#endif
