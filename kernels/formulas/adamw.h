/* AdamW: Loshchilov and Hutter 2019, as torch.optim.AdamW 1.13.1: Adam on a parameter that has first been shrunk. */
#ifndef DESCEND_ADAMW_H
#define DESCEND_ADAMW_H

#include "formulas/adam.h"

/* ADAM_AMSGRAD is the only option: the gradient is not decayed. */
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
