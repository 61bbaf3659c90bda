/* Adadelta: Zeiler 2012; as torch.optim.Adadelta 1.13.1. */
#ifndef DESCEND_ADADELTA_H
#define DESCEND_ADADELTA_H

enum { ADADELTA_DECAY = 1 };

struct adadelta_scalars {
    struct lead_in_scalars lead_in;
    struct average_scalars rho;
    float minus_lr, eps;
};

static inline descend_adadelta adadelta_defaults(void)
{
    return (descend_adadelta){.lr = 1, .rho = 0.9, .eps = 1e-6};
}

static inline descend_status adadelta_prepare(const descend_adadelta *c, const struct descend_point *at,
                                              struct adadelta_scalars *k, unsigned *options)
{
    (void)at;
    k->lead_in = lead_in_prepare(c->maximize, c->weight_decay);
    k->rho = average_prepare(c->rho);
    k->minus_lr = (float)-c->lr;
    k->eps = (float)c->eps;
    *options = c->weight_decay != 0 ? ADADELTA_DECAY : 0u;
    return DESCEND_OK;
}

/* Returns the step to be scaled by lr. */
static inline vf adadelta_state(const void *scalars, unsigned options, vf p, vf *g, vf *square, vf *step, vf *unused)
{
    const struct adadelta_scalars *k = scalars;
    const vf eps = vf_set1(k->eps);
    (void)unused;

    *g = lead_in(k->lead_in, options & ADADELTA_DECAY, p, *g);
    *square = average_square(k->rho, *square, *g);
    const vf delta = vf_mul(vf_div(vf_sqrt(vf_add(*step, eps)), vf_sqrt(vf_add(*square, eps))), *g);
    *step = average_square(k->rho, *step, delta);
    return delta;
}

static inline vf adadelta_param(const void *scalars, unsigned options, vf p, vf g, vf delta, vf square, vf step,
                                vf unused)
{
    const struct adadelta_scalars *k = scalars;
    (void)options, (void)g, (void)square, (void)step, (void)unused;

    return vf_add(p, vf_mul(vf_set1(k->minus_lr), delta));
}

#endif
