/* NAdam: Dozat 2016; as torch.optim.NAdam 2.x: 1.13.1 multiplies by mu once too often, in the last coefficient. */
#ifndef DESCEND_NADAM_H
#define DESCEND_NADAM_H

enum { NADAM_DECAY = 1 };

struct nadam_scalars {
    struct lead_in_scalars lead_in;
    struct average_scalars beta1, beta2;
    float correction2, eps;            /* 1 - beta2^t */
    float minus_grad_step, minus_step; /* of the gradient, and of exp_avg */
    float shrink;                      /* 1 - lr * weight_decay where that is decoupled, else 1 */
};

static inline descend_nadam nadam_defaults(void)
{
    return (descend_nadam){.lr = 2e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .momentum_decay = 4e-3};
}

/* beta1 as scheduled for a step. */
static inline double nadam_mu(const descend_nadam *c, double step)
{
    return c->beta1 * (1 - 0.5 * pow(0.96, step * c->momentum_decay));
}

static inline float nadam_mu_product(const descend_nadam *c, uint64_t step, float previous)
{
    return previous * (float)nadam_mu(c, (double)step);
}

static inline descend_status nadam_prepare(const descend_nadam *c, const struct descend_point *at,
                                           struct nadam_scalars *k, unsigned *options)
{
    const bool decay = c->weight_decay != 0;
    const float mu_product = at->scalar;
    if (!(mu_product >= 0 && mu_product < 1))
        return DESCEND_BAD_MU_PRODUCT;

    const double mu = nadam_mu(c, (double)at->step), mu_next = nadam_mu(c, (double)at->step + 1);
    const float mu_product_next = mu_product * (float)mu_next;
    k->lead_in = lead_in_prepare(c->maximize, c->decoupled_weight_decay ? 0 : c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->correction2 = bias_corrected(bias_correction_itself, 0, c->beta2, at->step);
    k->eps = (float)c->eps;
    k->minus_grad_step = (float)(-c->lr * (1 - mu) / (1 - (double)mu_product));
    k->minus_step = (float)(-c->lr * mu_next / (1 - (double)mu_product_next));
    k->shrink = c->decoupled_weight_decay ? shrink_prepare(c->lr, c->weight_decay) : 1.0f;
    *options = decay && !c->decoupled_weight_decay ? NADAM_DECAY : 0u;
    return DESCEND_OK;
}

/* Divides by the correction: for quotients as small as these vf_quotient would not do. */
static inline vf nadam_state(const void *scalars, unsigned options, vf p, vf *g, vf *m, vf *v, vf *unused)
{
    const struct nadam_scalars *k = scalars;
    (void)unused;

    *g = lead_in(k->lead_in, options & NADAM_DECAY, p, *g);
    *m = average(k->beta1, *m, *g);
    *v = average_square(k->beta2, *v, *g);
    return vf_sqrt(vf_div(*v, vf_set1(k->correction2)));
}

static inline vf nadam_param(const void *scalars, unsigned options, vf p, vf g, vf root, vf m, vf v, vf unused)
{
    const struct nadam_scalars *k = scalars;
    const vf d = vf_add(root, vf_set1(k->eps));
    (void)options, (void)v, (void)unused;

    p = vf_mul(p, vf_set1(k->shrink));
    p = vf_add(p, vf_div(vf_mul(vf_set1(k->minus_grad_step), g), d));
    return vf_add(p, vf_div(vf_mul(vf_set1(k->minus_step), m), d));
}

#endif
