/* SPDX-License-Identifier: MIT */
/* AdamW: Loshchilov and Hutter 2019; as torch.optim.AdamW 1.13.1: the parameter is first shrunk by the decoupled weight
 * decay, then updated as in Adam. */
#ifndef DESCEND_ADAMW_H
#define DESCEND_ADAMW_H

#include "formulas/adam.h"

/* ADAM_AMSGRAD is the only option: weight decay is not added to the gradient. */
enum { ADAMW_OPTION_SETS = 2, ADAMW_STATES = ADAM_STATES };

struct adamw_scalars {
    struct adam_scalars adam;
    float shrink; /* 1 - lr * weight_decay */
};

static inline struct state_use adamw_used(unsigned options)
{
    return adam_used(options);
}

static inline void adamw_first(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adamw_scalars *k = scalars;
    adam_first(&k->adam, options, v);
}

static inline void adamw_second(const void *scalars, unsigned options, struct lanes *v)
{
    const struct adamw_scalars *k = scalars;
    v->p = vf_mul(v->p, vf_set1(k->shrink));
    adam_second(&k->adam, options, v);
}

#endif
