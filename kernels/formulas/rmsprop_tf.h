/* RMSprop as TensorFlow has it: eps inside the root, and lr inside the momentum buffer. */
#ifndef DESCEND_RMSPROP_TF_H
#define DESCEND_RMSPROP_TF_H

enum { RMSPROP_TF_DECAY = 1 };

struct rmsprop_tf_scalars {
    struct lead_in_scalars lead_in;
    struct average_scalars alpha;
    float lr, eps, momentum;
};

static inline descend_rmsprop_tf rmsprop_tf_defaults(void)
{
    return (descend_rmsprop_tf){.lr = 1e-2, .alpha = 0.9, .eps = 1e-10};
}

static inline descend_status rmsprop_tf_prepare(const descend_rmsprop_tf *c, const struct descend_point *at,
                                                struct rmsprop_tf_scalars *k, unsigned *options)
{
    (void)at;
    k->lead_in = lead_in_prepare(c->maximize, c->weight_decay);
    k->alpha = average_prepare(c->alpha);
    k->lr = (float)c->lr;
    k->eps = (float)c->eps;
    k->momentum = (float)c->momentum;
    *options = c->weight_decay != 0 ? RMSPROP_TF_DECAY : 0u;
    return DESCEND_OK;
}

static inline vf rmsprop_tf_state(const void *scalars, unsigned options, vf p, vf *g, vf *square, vf *buffer,
                                  vf *unused)
{
    const struct rmsprop_tf_scalars *k = scalars;
    (void)unused;

    *g = lead_in(k->lead_in, options & RMSPROP_TF_DECAY, p, *g);
    *square = average_square(k->alpha, *square, *g);
    const vf d = vf_sqrt(vf_add(*square, vf_set1(k->eps)));
    return *buffer = vf_add(vf_mul(*buffer, vf_set1(k->momentum)), vf_div(vf_mul(vf_set1(k->lr), *g), d));
}

static inline vf rmsprop_tf_param(const void *scalars, unsigned options, vf p, vf g, vf x, vf square, vf buffer,
                                  vf unused)
{
    (void)scalars, (void)options, (void)g, (void)x, (void)square, (void)unused;

    return vf_sub(p, buffer);
}

#endif
