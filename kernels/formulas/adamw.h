/* AdamW: Loshchilov and Hutter 2019, as torch.optim.AdamW 1.13.1: Adam on a parameter that has first been shrunk. */
#ifndef DESCEND_ADAMW_H
#define DESCEND_ADAMW_H

struct adamw_scalars {
    struct adam_scalars adam;
    float shrink; /* 1 - lr * weight_decay */
};

static inline descend_adamw adamw_defaults(void)
{
    return (descend_adamw){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 1e-2};
}

/* Never sets ADAM_DECAY: two sets of options. */
static inline descend_status adamw_prepare(const descend_adamw *c, const struct descend_point *at,
                                           struct adamw_scalars *k, unsigned *options)
{
    const descend_adam adam = {.lr = c->lr,
                               .beta1 = c->beta1,
                               .beta2 = c->beta2,
                               .eps = c->eps,
                               .amsgrad = c->amsgrad,
                               .maximize = c->maximize};
    k->shrink = shrink_prepare(c->lr, c->weight_decay);
    return adam_prepare(&adam, at, &k->adam, options);
}

static inline vf adamw_state(const void *scalars, unsigned options, vf p, vf *g, vf *m, vf *v, vf *v_max)
{
    const struct adamw_scalars *k = scalars;
    return adam_state(&k->adam, options, p, g, m, v, v_max);
}

static inline vf adamw_param(const void *scalars, unsigned options, vf p, vf g, vf root, vf m, vf v, vf v_max)
{
    const struct adamw_scalars *k = scalars;
    return adam_param(&k->adam, options, vf_mul(p, vf_set1(k->shrink)), g, root, m, v, v_max);
}

#endif
