/* Rprop: Riedmiller and Braun 1993, without weight-backtracking; as torch.optim.Rprop 1.13.1. */
#ifndef DESCEND_RPROP_H
#define DESCEND_RPROP_H

struct rprop_scalars {
    float sign, eta_minus, eta_plus, step_size_min, step_size_max;
    float start; /* of step_size */
};

static inline descend_rprop rprop_defaults(void)
{
    return (descend_rprop){.lr = 1e-2, .eta_minus = 0.5, .eta_plus = 1.2, .step_size_min = 1e-6, .step_size_max = 50};
}

static inline descend_status rprop_prepare(const descend_rprop *c, const struct descend_point *at,
                                           struct rprop_scalars *k, unsigned *options)
{
    (void)at;
    if (c->step_size_min > c->step_size_max)
        return DESCEND_BAD_STEP_SIZE_MAX;

    k->sign = c->maximize ? -1.0f : 1.0f;
    k->eta_minus = (float)c->eta_minus;
    k->eta_plus = (float)c->eta_plus;
    k->step_size_min = (float)c->step_size_min;
    k->step_size_max = (float)c->step_size_max;
    k->start = (float)c->lr;
    *options = 0;
    return DESCEND_OK;
}

static inline vf rprop_state(const void *scalars, unsigned options, vf p, vf *g, vf *prev, vf *step_size, vf *unused)
{
    const struct rprop_scalars *k = scalars;
    const vf zero = vf_set1(0.0f), eta_minus = vf_set1(k->eta_minus), eta_plus = vf_set1(k->eta_plus);
    const vf least = vf_set1(k->step_size_min), most = vf_set1(k->step_size_max);
    (void)options, (void)p, (void)unused;

    *g = vf_mul(vf_set1(k->sign), *g);
    const vf agreement = vf_mul(*g, *prev);
    const vf eta = vf_if_greater(agreement, zero, eta_plus, vf_if_greater(zero, agreement, eta_minus, vf_set1(1.0f)));
    vf z = vf_mul(*step_size, eta);
    z = vf_if_greater(least, z, least, z);
    *step_size = vf_if_greater(z, most, most, z);
    return *prev = vf_if_greater(eta, eta_minus, *g, zero);
}

static inline vf rprop_param(const void *scalars, unsigned options, vf p, vf g, vf x, vf prev, vf step_size, vf unused)
{
    (void)scalars, (void)options, (void)g, (void)prev, (void)unused;

    return vf_add(p, vf_mul(vf_mul(vf_set1(-1.0f), sign(x)), step_size));
}

#endif
