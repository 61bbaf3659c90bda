/* Lion: Chen et al. 2023, algorithm 2; weight decay is decoupled. */
#ifndef DESCEND_LION_H
#define DESCEND_LION_H

struct lion_scalars {
    float sign, minus_lr, shrink; /* shrink: 1 - lr * weight_decay */
    struct average_scalars beta1, beta2;
};

static inline descend_lion lion_defaults(void)
{
    return (descend_lion){.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.99};
}

static inline descend_status lion_prepare(const descend_lion *c, const struct descend_point *at, struct lion_scalars *k,
                                          unsigned *options)
{
    (void)at;
    k->sign = c->maximize ? -1.0f : 1.0f;
    k->minus_lr = (float)-c->lr;
    k->shrink = shrink_prepare(c->lr, c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    *options = 0;
    return DESCEND_OK;
}

/* Returns the average whose sign is stepped by. */
static inline vf lion_state(const void *scalars, unsigned options, vf p, vf *g, vf *m, vf *unused1, vf *unused2)
{
    const struct lion_scalars *k = scalars;
    (void)options, (void)p, (void)unused1, (void)unused2;

    *g = vf_mul(vf_set1(k->sign), *g);
    const vf u = average(k->beta1, *m, *g);
    *m = average(k->beta2, *m, *g);
    return u;
}

static inline vf lion_param(const void *scalars, unsigned options, vf p, vf g, vf u, vf m, vf unused1, vf unused2)
{
    const struct lion_scalars *k = scalars;
    (void)options, (void)g, (void)m, (void)unused1, (void)unused2;

    return vf_add(vf_mul(p, vf_set1(k->shrink)), vf_mul(vf_set1(k->minus_lr), sign(u)));
}

#endif
