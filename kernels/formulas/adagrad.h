/* Adagrad: Duchi, Hazan and Singer 2011; as torch.optim.Adagrad 1.13.1. */
#ifndef DESCEND_ADAGRAD_H
#define DESCEND_ADAGRAD_H

enum { ADAGRAD_DECAY = 1 };

struct adagrad_scalars {
    struct lead_in_scalars lead_in;
    float minus_lr, eps; /* lr as decayed */
    float start;         /* of sum */
};

static inline descend_adagrad adagrad_defaults(void)
{
    return (descend_adagrad){.lr = 1e-2, .eps = 1e-10};
}

static inline descend_status adagrad_prepare(const descend_adagrad *c, const struct descend_point *at,
                                             struct adagrad_scalars *k, unsigned *options)
{
    k->lead_in = lead_in_prepare(c->maximize, c->weight_decay);
    k->minus_lr = (float)-(c->lr / (1 + (double)(at->step - 1) * c->lr_decay));
    k->eps = (float)c->eps;
    k->start = (float)c->initial_accumulator_value;
    *options = c->weight_decay != 0 ? ADAGRAD_DECAY : 0u;
    return DESCEND_OK;
}

static inline vf adagrad_state(const void *scalars, unsigned options, vf p, vf *g, vf *sum, vf *unused1, vf *unused2)
{
    const struct adagrad_scalars *k = scalars;
    (void)unused1, (void)unused2;

    *g = lead_in(k->lead_in, options & ADAGRAD_DECAY, p, *g);
    *sum = vf_add(*sum, vf_mul(*g, *g));
    return vf_sqrt(*sum);
}

static inline vf adagrad_param(const void *scalars, unsigned options, vf p, vf g, vf root, vf sum, vf unused1,
                               vf unused2)
{
    const struct adagrad_scalars *k = scalars;
    (void)options, (void)sum, (void)unused1, (void)unused2;

    return vf_add(p, vf_div(vf_mul(vf_set1(k->minus_lr), g), vf_add(root, vf_set1(k->eps))));
}

#endif
