/* SPDX-License-Identifier: MIT */
/* Signum: Bernstein et al. 2018, algorithm 2; without SIGNUM_AVERAGE it is SignSGD, algorithm 1. Weight decay is
 * decoupled. */
#ifndef DESCEND_SIGNUM_H
#define DESCEND_SIGNUM_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/sign.h"

enum { SIGNUM_AVERAGE = 1, SIGNUM_OPTION_SETS = 2, SIGNUM_STATES = 1 };

struct signum_scalars {
    float sign, minus_lr, shrink; /* shrink: 1 - lr * weight_decay */
    struct average_scalars beta;
};

static inline struct state_use signum_used(unsigned options)
{
    return read_and_written(options & SIGNUM_AVERAGE ? 1 : 0);
}

/* x: the average or gradient whose sign is the direction of the step. */
static inline void signum_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct signum_scalars *k = scalars;
    vf *const m = &v->s[0];
    v->x = v->g = vf_mul(vf_set1(k->sign), v->g);
    if (options & SIGNUM_AVERAGE)
        v->x = *m = average(k->beta, *m, v->g);
}

static inline void signum_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct signum_scalars *k = scalars;
    (void)options;

    v->p = vf_add(vf_mul(v->p, vf_set1(k->shrink)), vf_mul(vf_set1(k->minus_lr), sign(v->x)));
}

#endif
