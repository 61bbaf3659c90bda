/* SPDX-License-Identifier: MIT */
/* What saving and loading have in common: checks of the arguments, the optimizer's tensors, and the state of the
 * calling thread. */
#ifndef DESCEND_CHECKPOINT_CALL_H
#define DESCEND_CHECKPOINT_CALL_H

#include <fenv.h>

#include "descend/checkpoint.h"

descend_status descend_checkpoint_check(const descend_optimizer *optimizer, const char *path,
                                        const descend_checkpoint *checkpoint);

/* A tensor with a number below the count, and its group (NULL: not asked for). */
descend_tensor descend_call_tensor(const descend_optimizer *optimizer, size_t number, unsigned *group);

struct descend_call {
    fenv_t environment;
    int cancel_state;
};

/* Sets the default floating-point environment, and puts off a cancellation of the thread until leave: it would leave
 * open files and memory behind. */
void descend_call_enter(struct descend_call *call);
void descend_call_leave(const struct descend_call *call);

#endif
