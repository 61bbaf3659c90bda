/* What most optimizers do to the gradient first: maximize negates it, then weight decay adds weight_decay * param. */
#ifndef DESCEND_LEAD_IN_H
#define DESCEND_LEAD_IN_H

struct lead_in_scalars {
    float sign, weight_decay;
};

/* What decoupled weight decay multiplies the parameter by. */
static inline float shrink_prepare(double lr, double weight_decay)
{
    return (float)(1 - lr * weight_decay);
}

static inline struct lead_in_scalars lead_in_prepare(bool maximize, double weight_decay)
{
    return (struct lead_in_scalars){maximize ? -1.0f : 1.0f, (float)weight_decay};
}

/* decay is a condition and not a weight of 0, which would make an infinite param NaN. */
static inline vf lead_in(struct lead_in_scalars k, bool decay, vf p, vf g)
{
    g = vf_mul(vf_set1(k.sign), g);
    return decay ? vf_add(g, vf_mul(vf_set1(k.weight_decay), p)) : g;
}

#endif
