/* RMSprop: Hinton, Coursera lecture 6e, 2012; centered after Graves 2013; as torch.optim.RMSprop 1.13.1. */
#ifndef DESCEND_RMSPROP_H
#define DESCEND_RMSPROP_H

enum { RMSPROP_DECAY = 1, RMSPROP_CENTERED = 2, RMSPROP_MOMENTUM = 4 };

struct rmsprop_scalars {
    struct lead_in_scalars lead_in;
    struct average_scalars alpha;
    float minus_lr, eps, momentum;
};

static inline descend_rmsprop rmsprop_defaults(void)
{
    return (descend_rmsprop){.lr = 1e-2, .alpha = 0.99, .eps = 1e-8};
}

static inline descend_status rmsprop_prepare(const descend_rmsprop *c, const struct descend_point *at,
                                             struct rmsprop_scalars *k, unsigned *options)
{
    (void)at;
    k->lead_in = lead_in_prepare(c->maximize, c->weight_decay);
    k->minus_lr = (float)-c->lr;
    k->alpha = average_prepare(c->alpha);
    k->eps = (float)c->eps;
    k->momentum = (float)c->momentum;
    *options = (c->weight_decay != 0 ? RMSPROP_DECAY : 0u) | (c->centered ? RMSPROP_CENTERED : 0u) |
               (c->momentum != 0 ? RMSPROP_MOMENTUM : 0u);
    return DESCEND_OK;
}

/* Returns the buffer with momentum, else what the gradient is divided by. */
static inline vf rmsprop_state(const void *scalars, unsigned options, vf p, vf *g, vf *square, vf *mean, vf *buffer)
{
    const struct rmsprop_scalars *k = scalars;

    *g = lead_in(k->lead_in, options & RMSPROP_DECAY, p, *g);
    *square = average_square(k->alpha, *square, *g);
    vf variance = *square;
    if (options & RMSPROP_CENTERED) {
        *mean = average(k->alpha, *mean, *g);
        variance = vf_sub(variance, vf_mul(*mean, *mean));
    }
    const vf d = vf_add(vf_sqrt(variance), vf_set1(k->eps));
    if (!(options & RMSPROP_MOMENTUM))
        return d;
    return *buffer = vf_add(vf_mul(*buffer, vf_set1(k->momentum)), vf_div(*g, d));
}

static inline vf rmsprop_param(const void *scalars, unsigned options, vf p, vf g, vf x, vf square, vf mean, vf buffer)
{
    const struct rmsprop_scalars *k = scalars;
    const vf minus_lr = vf_set1(k->minus_lr);
    (void)square, (void)mean, (void)buffer;

    return vf_add(p, options & RMSPROP_MOMENTUM ? vf_mul(minus_lr, x) : vf_div(vf_mul(minus_lr, g), x));
}

#endif
