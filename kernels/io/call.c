/* SPDX-License-Identifier: MIT */
#include "call.h"

#include <pthread.h>

descend_status descend_checkpoint_check(const descend_optimizer *optimizer, const char *path,
                                        const descend_checkpoint *checkpoint)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (path == NULL)
        return DESCEND_BAD_PATH;
    for (size_t i = 0; i < sizeof checkpoint->reserved / sizeof *checkpoint->reserved; i++)
        if (checkpoint->reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    for (size_t i = 0; i < checkpoint->note_count; i++)
        if (checkpoint->notes == NULL || checkpoint->notes[i].key == NULL || checkpoint->notes[i].value == NULL)
            return DESCEND_BAD_NOTE;
    return DESCEND_OK;
}

descend_tensor descend_call_tensor(const descend_optimizer *optimizer, size_t number, unsigned *group)
{
    descend_tensor tensor = {0};
    (void)descend_optimizer_tensor(optimizer, number, &tensor, group); /* refuses only other numbers */
    return tensor;
}

void descend_call_enter(struct descend_call *call)
{
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &call->cancel_state);
    fegetenv(&call->environment);
    fesetenv(FE_DFL_ENV);
}

void descend_call_leave(const struct descend_call *call)
{
    int disabled;
    fesetenv(&call->environment);
    (void)pthread_setcancelstate(call->cancel_state, &disabled);
}
