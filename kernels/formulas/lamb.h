/* LAMB: You et al. 2020, algorithm 2, the trust ratio's phi being the identity. In two phases: the ratio is that of the
 * whole tensor's norms. */
#ifndef DESCEND_LAMB_H
#define DESCEND_LAMB_H

struct lamb_scalars {
    float sign, weight_decay, eps;
    struct average_scalars beta1, beta2;
    float correction1;                             /* 1 - beta1^t */
    float root_correction2, over_root_correction2; /* sqrt(1 - beta2^t), and 1 by it */
    float minus_step;                              /* -lr * ratio */
};

static inline descend_lamb lamb_defaults(void)
{
    return (descend_lamb){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-6};
}

static inline descend_status lamb_prepare(const descend_lamb *c, const struct descend_point *at, struct lamb_scalars *k,
                                          unsigned *options)
{
    k->sign = c->maximize ? -1.0f : 1.0f;
    k->weight_decay = (float)c->weight_decay;
    k->eps = (float)c->eps;
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->correction1 = bias_corrected(bias_correction_itself, 0, c->beta1, at->step);
    k->root_correction2 = bias_corrected(bias_correction_root, 0, c->beta2, at->step);
    k->over_root_correction2 = 1 / k->root_correction2;
    k->minus_step = (float)-c->lr;
    *options = 0;
    return DESCEND_OK;
}

/* For the second phase: the norm of the parameters by that of what the first half returned. */
static inline void lamb_second(const descend_lamb *c, double ratio, struct lamb_scalars *k)
{
    k->minus_step = (float)-(c->lr * ratio);
}

static inline vf lamb_state(const void *scalars, unsigned options, vf p, vf *g, vf *m, vf *v, vf *unused)
{
    const struct lamb_scalars *k = scalars;
    (void)unused;

    if (!(options & SECOND_PHASE)) {
        *g = vf_mul(vf_set1(k->sign), *g);
        *m = average(k->beta1, *m, *g);
        *v = average_square(k->beta2, *v, *g);
    }
    const vf root = vf_quotient(vf_sqrt(*v), vf_set1(k->root_correction2), vf_set1(k->over_root_correction2));
    const vf direction = vf_div(vf_div(*m, vf_set1(k->correction1)), vf_add(root, vf_set1(k->eps)));
    return vf_add(direction, vf_mul(vf_set1(k->weight_decay), p));
}

static inline vf lamb_param(const void *scalars, unsigned options, vf p, vf g, vf r, vf m, vf v, vf unused)
{
    const struct lamb_scalars *k = scalars;
    (void)options, (void)g, (void)m, (void)v, (void)unused;

    return vf_add(p, vf_mul(vf_set1(k->minus_step), r));
}

#endif
