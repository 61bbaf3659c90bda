/* Averaged SGD: Polyak and Juditsky 1992, with the rates of Bottou 2010; as torch.optim.ASGD 1.13.1 with a constant lr:
 * torch keeps the rate of the next step, and so follows a changed lr one step late. */
#ifndef DESCEND_ASGD_H
#define DESCEND_ASGD_H

enum { ASGD_DECAY = 1, ASGD_AVERAGING = 2 };

struct asgd_scalars {
    struct lead_in_scalars lead_in;
    float minus_eta, shrink, mu; /* shrink: 1 - lambd * eta */
};

static inline descend_asgd asgd_defaults(void)
{
    return (descend_asgd){.lr = 1e-2, .lambd = 1e-4, .alpha = 0.75, .t0 = 1e6};
}

static inline descend_status asgd_prepare(const descend_asgd *c, const struct descend_point *at, struct asgd_scalars *k,
                                          unsigned *options)
{
    const double before = (double)(at->step - 1); /* steps */
    const float eta = (float)(before > 0 ? c->lr / pow(1 + c->lambd * c->lr * before, c->alpha) : c->lr);
    const double averaged = before - c->t0;
    k->lead_in = lead_in_prepare(c->maximize, c->weight_decay);
    k->minus_eta = -eta;
    k->shrink = (float)(1 - c->lambd * (double)eta);
    k->mu = before > 0 && averaged > 1 ? (float)(1 / averaged) : 1.0f;
    *options = (c->weight_decay != 0 ? ASGD_DECAY : 0u) | (k->mu != 1 ? ASGD_AVERAGING : 0u);
    return DESCEND_OK;
}

/* The average follows the new parameter, which is therefore made, and returned, here. */
static inline vf asgd_state(const void *scalars, unsigned options, vf p, vf *g, vf *ax, vf *unused1, vf *unused2)
{
    const struct asgd_scalars *k = scalars;
    (void)unused1, (void)unused2;

    *g = lead_in(k->lead_in, options & ASGD_DECAY, p, *g);
    p = vf_add(vf_mul(p, vf_set1(k->shrink)), vf_mul(vf_set1(k->minus_eta), *g));
    *ax = options & ASGD_AVERAGING ? vf_add(*ax, vf_mul(vf_sub(p, *ax), vf_set1(k->mu))) : p;
    return p;
}

static inline vf asgd_param(const void *scalars, unsigned options, vf p, vf g, vf updated, vf ax, vf unused1,
                            vf unused2)
{
    (void)scalars, (void)options, (void)p, (void)g, (void)ax, (void)unused1, (void)unused2;

    return updated;
}

#endif
