/* SPDX-License-Identifier: MIT */
/* Lion: Chen et al. 2023, algorithm 2; weight decay is decoupled. */
#ifndef DESCEND_LION_H
#define DESCEND_LION_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/sign.h"

enum { LION_OPTION_SETS = 1, LION_STATES = 1 };

struct lion_scalars {
    float sign, minus_lr, shrink; /* shrink: 1 - lr * weight_decay */
    struct average_scalars beta1, beta2;
};

static inline struct state_use lion_used(unsigned options)
{
    (void)options;
    return read_and_written(1);
}

/* x: the average whose sign is the direction of the step. */
static inline void lion_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct lion_scalars *k = scalars;
    (void)options;

    vf *const m = &v->s[0];
    v->g = vf_mul(vf_set1(k->sign), v->g);
    v->x = average(k->beta1, *m, v->g);
    *m = average(k->beta2, *m, v->g);
}

static inline void lion_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct lion_scalars *k = scalars;
    (void)options;

    v->p = vf_add(vf_mul(v->p, vf_set1(k->shrink)), vf_mul(vf_set1(k->minus_lr), sign(v->x)));
}

#endif
