/* RAdam: Liu et al. 2020; as torch.optim.RAdam 1.13.1. */
#ifndef DESCEND_RADAM_H
#define DESCEND_RADAM_H

enum { RADAM_DECAY = 1, RADAM_RECTIFIED = 2 };

struct radam_scalars {
    struct lead_in_scalars lead_in;
    struct average_scalars beta1, beta2;
    float lr, eps;
    float correction1, root_correction2; /* 1 - beta1^t, sqrt(1 - beta2^t) */
    float rectification;
    float shrink; /* 1 - lr * weight_decay where that is decoupled, else 1 */
};

static inline descend_radam radam_defaults(void)
{
    return (descend_radam){.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8};
}

/* False while the variance of the adaptive rate is not tractable. Differences of nearly equal numbers: a power that is
 * rounded once, as pow's is, gives the same doubles. */
static inline bool radam_rectification(double beta2, uint64_t step, float *rectification)
{
    const double beta2_t = precise_power(beta2, step);
    const double most = 2 / (1 - beta2) - 1; /* rho of the paper, after infinitely many steps */
    const double rho = most - 2 * (double)step * beta2_t / (1 - beta2_t);
    if (!(rho > 5))
        return false;
    *rectification = (float)sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho));
    return true;
}

static inline descend_status radam_prepare(const descend_radam *c, const struct descend_point *at,
                                           struct radam_scalars *k, unsigned *options)
{
    const bool decay = c->weight_decay != 0;
    k->lead_in = lead_in_prepare(c->maximize, c->decoupled_weight_decay ? 0 : c->weight_decay);
    k->beta1 = average_prepare(c->beta1);
    k->beta2 = average_prepare(c->beta2);
    k->lr = (float)c->lr;
    k->eps = (float)c->eps;
    k->correction1 = bias_corrected(bias_correction_itself, 0, c->beta1, at->step);
    k->root_correction2 = bias_corrected(bias_correction_root, 0, c->beta2, at->step);
    k->rectification = 1;
    k->shrink = c->decoupled_weight_decay ? shrink_prepare(c->lr, c->weight_decay) : 1.0f;
    *options = (radam_rectification(c->beta2, at->step, &k->rectification) ? RADAM_RECTIFIED : 0u) |
               (decay && !c->decoupled_weight_decay ? RADAM_DECAY : 0u);
    return DESCEND_OK;
}

static inline vf radam_state(const void *scalars, unsigned options, vf p, vf *g, vf *m, vf *v, vf *unused)
{
    const struct radam_scalars *k = scalars;
    (void)unused;

    *g = lead_in(k->lead_in, options & RADAM_DECAY, p, *g);
    *m = average(k->beta1, *m, *g);
    *v = average_square(k->beta2, *v, *g);
    return vf_sqrt(*v);
}

/* Divides by the correction: for quotients as small as these vf_quotient would not do. */
static inline vf radam_param(const void *scalars, unsigned options, vf p, vf g, vf root, vf m, vf v, vf unused)
{
    const struct radam_scalars *k = scalars;
    (void)g, (void)v, (void)unused;

    vf step = vf_mul(vf_div(m, vf_set1(k->correction1)), vf_set1(k->lr));
    if (options & RADAM_RECTIFIED) {
        const vf over = vf_div(vf_set1(1.0f), vf_add(root, vf_set1(k->eps)));
        step = vf_mul(vf_mul(step, vf_mul(over, vf_set1(k->root_correction2))), vf_set1(k->rectification));
    }
    return vf_sub(vf_mul(p, vf_set1(k->shrink)), step);
}

#endif
