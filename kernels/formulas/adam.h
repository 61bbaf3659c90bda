/* Adam: Kingma and Ba 2015, AMSGrad: Reddi et al. 2018; as torch.optim.Adam 1.13.1. */
#ifndef DESCEND_ADAM_H
#define DESCEND_ADAM_H

enum { ADAM_AMSGRAD = 1, ADAM_DECAY = 2 };

struct adam_scalars {
    struct lead_in_scalars lead_in;
    struct average_scalars beta1, beta2;
    float eps;
    float minus_step_size;                         /* -lr/(1 - beta1^t) */
    float root_correction2, over_root_correction2; /* sqrt(1 - beta2^t), and 1 by it */
};

static inline descend_adam adam_defaults(void)
{
    return (descend_adam){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

static inline descend_status adam_prepare(const descend_adam *c, const struct descend_point *at, struct adam_scalars *k,
                                          unsigned *options)
{
    k->lead_in = lead_in_prepare(c->maximize, c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->eps = (float)c->eps;
    k->minus_step_size = bias_corrected(minus_step_size, c->lr, c->beta1, at->step);
    k->root_correction2 = bias_corrected(bias_correction_root, 0, c->beta2, at->step);
    k->over_root_correction2 = 1 / k->root_correction2;
    *options = (c->weight_decay != 0 ? ADAM_DECAY : 0u) | (c->amsgrad ? ADAM_AMSGRAD : 0u);
    return DESCEND_OK;
}

static inline vf adam_state(const void *scalars, unsigned options, vf p, vf *g, vf *m, vf *v, vf *v_max)
{
    const struct adam_scalars *k = scalars;

    *g = lead_in(k->lead_in, options & ADAM_DECAY, p, *g);
    *m = average(k->beta1, *m, *g);
    *v = average_square(k->beta2, *v, *g);
    if (!(options & ADAM_AMSGRAD))
        return vf_sqrt(*v);
    *v_max = vf_max(*v_max, *v);
    return vf_sqrt(*v_max);
}

static inline vf adam_param(const void *scalars, unsigned options, vf p, vf g, vf root, vf m, vf v, vf v_max)
{
    const struct adam_scalars *k = scalars;
    (void)options, (void)g, (void)v, (void)v_max;

    root = vf_quotient(root, vf_set1(k->root_correction2), vf_set1(k->over_root_correction2));
    return vf_add(p, vf_div(vf_mul(vf_set1(k->minus_step_size), m), vf_add(root, vf_set1(k->eps))));
}

#endif
