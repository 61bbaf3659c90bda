/* SGD with momentum: Sutskever et al. 2013, as torch.optim.SGD 1.13.1. */
#ifndef DESCEND_SGD_H
#define DESCEND_SGD_H

enum { SGD_DECAY = 1, SGD_MOMENTUM = 2, SGD_FIRST = 4, SGD_NESTEROV = 8 };

struct sgd_scalars {
    struct lead_in_scalars lead_in;
    float minus_lr, momentum, undampened;
};

static inline descend_sgd sgd_defaults(void)
{
    return (descend_sgd){.lr = 1e-3};
}

static inline descend_status sgd_prepare(const descend_sgd *c, const struct descend_point *at, struct sgd_scalars *k,
                                         unsigned *options)
{
    const bool momentum = c->momentum != 0;
    if (c->nesterov && (!momentum || c->dampening != 0))
        return DESCEND_BAD_NESTEROV;

    k->lead_in = lead_in_prepare(c->maximize, c->weight_decay);
    k->minus_lr = (float)-c->lr;
    k->momentum = (float)c->momentum;
    k->undampened = momentum ? (float)(1 - c->dampening) : 1.0f;
    *options = (c->weight_decay != 0 ? SGD_DECAY : 0u) | (momentum ? SGD_MOMENTUM : 0u) |
               (momentum && at->first ? SGD_FIRST : 0u) | (c->nesterov ? SGD_NESTEROV : 0u);
    return DESCEND_OK;
}

static inline vf sgd_state(const void *scalars, unsigned options, vf p, vf *g, vf *buffer, vf *unused1, vf *unused2)
{
    const struct sgd_scalars *k = scalars;
    (void)unused1, (void)unused2;

    *g = lead_in(k->lead_in, options & SGD_DECAY, p, *g);
    if (!(options & SGD_MOMENTUM))
        return *g;
    *buffer =
        options & SGD_FIRST ? *g : vf_add(vf_mul(*buffer, vf_set1(k->momentum)), vf_mul(vf_set1(k->undampened), *g));
    return options & SGD_NESTEROV ? vf_add(*g, vf_mul(vf_set1(k->momentum), *buffer)) : *buffer;
}

static inline vf sgd_param(const void *scalars, unsigned options, vf p, vf g, vf direction, vf buffer, vf unused1,
                           vf unused2)
{
    const struct sgd_scalars *k = scalars;
    (void)options, (void)g, (void)buffer, (void)unused1, (void)unused2;

    return vf_add(p, vf_mul(vf_set1(k->minus_lr), direction));
}

#endif
