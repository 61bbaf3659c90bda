/* Adamax: Kingma and Ba 2015, section 7.1; as torch.optim.Adamax 1.13.1. */
#ifndef DESCEND_ADAMAX_H
#define DESCEND_ADAMAX_H

enum { ADAMAX_DECAY = 1 };

struct adamax_scalars {
    struct lead_in_scalars lead_in;
    struct average_scalars beta1;
    float beta2, eps;
    float minus_step_size; /* -lr/(1 - beta1^t) */
};

static inline descend_adamax adamax_defaults(void)
{
    return (descend_adamax){.lr = 2e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

static inline descend_status adamax_prepare(const descend_adamax *c, const struct descend_point *at,
                                            struct adamax_scalars *k, unsigned *options)
{
    k->lead_in = lead_in_prepare(c->maximize, c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = (float)c->beta2;
    k->eps = (float)c->eps;
    k->minus_step_size = bias_corrected(minus_step_size, c->lr, c->beta1, at->step);
    *options = c->weight_decay != 0 ? ADAMAX_DECAY : 0u;
    return DESCEND_OK;
}

static inline vf adamax_state(const void *scalars, unsigned options, vf p, vf *g, vf *m, vf *u, vf *unused)
{
    const struct adamax_scalars *k = scalars;
    (void)unused;

    *g = lead_in(k->lead_in, options & ADAMAX_DECAY, p, *g);
    *m = average(k->beta1, *m, *g);
    *u = vf_max(vf_mul(*u, vf_set1(k->beta2)), vf_add(vf_abs(*g), vf_set1(k->eps)));
    return *u;
}

static inline vf adamax_param(const void *scalars, unsigned options, vf p, vf g, vf u, vf m, vf u_state, vf unused)
{
    const struct adamax_scalars *k = scalars;
    (void)options, (void)g, (void)u_state, (void)unused;

    return vf_add(p, vf_div(vf_mul(vf_set1(k->minus_step_size), m), u));
}

#endif
