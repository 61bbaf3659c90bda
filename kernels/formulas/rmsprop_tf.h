/* SPDX-License-Identifier: MIT */
/* RMSprop as in TensorFlow: eps is inside the root, and lr is applied before the momentum buffer. */
#ifndef DESCEND_RMSPROP_TF_H
#define DESCEND_RMSPROP_TF_H

#include "formulas/average.h"
#include "formulas/formula.h"
#include "formulas/gradient.h"

enum { RMSPROP_TF_DECAY = 1, RMSPROP_TF_OPTION_SETS = 2, RMSPROP_TF_STATES = 2 };

struct rmsprop_tf_scalars {
    struct gradient_scalars gradient;
    struct average_scalars alpha;
    float lr, eps, momentum;
};

static inline struct state_use rmsprop_tf_used(unsigned options)
{
    (void)options;
    return read_and_written(3);
}

static inline void rmsprop_tf_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct rmsprop_tf_scalars *k = scalars;

    vf *const square = &v->s[0], *const buffer = &v->s[1];
    v->g = effective_gradient(k->gradient, options & RMSPROP_TF_DECAY, v->p, v->g);
    *square = average_square(k->alpha, *square, v->g);
    const vf d = vf_sqrt(vf_add(*square, vf_set1(k->eps)));
    *buffer = vf_add(vf_mul(*buffer, vf_set1(k->momentum)), vf_div(vf_mul(vf_set1(k->lr), v->g), d));
}

static inline void rmsprop_tf_second(const void *scalars, unsigned options, struct lanes *v)
{
    (void)scalars, (void)options;

    v->p = vf_sub(v->p, v->s[1]);
}

#endif
