/* SPDX-License-Identifier: MIT */
/* Saving an optimizer to a file. */
#include "descend/checkpoint.h"

#include "call.h"
#include "contents.h"

static descend_status save(const descend_optimizer *optimizer, const char *path, const descend_checkpoint *checkpoint)
{
    struct descend_contents contents;
    descend_status status = descend_contents_make(optimizer, checkpoint, false, &contents);
    if (status != DESCEND_OK)
        return status;
    status =
        descend_safetensors_write(path, contents.tensors, contents.tensor_count, contents.pairs, contents.pair_count);
    descend_contents_free(&contents);
    return status;
}

descend_status descend_optimizer_save(const descend_optimizer *optimizer, const char *path,
                                      const descend_checkpoint *checkpoint)
{
    static const descend_checkpoint empty;
    struct descend_call call;
    checkpoint = checkpoint ? checkpoint : &empty;
    descend_status status = descend_checkpoint_check(optimizer, path, checkpoint);
    if (status == DESCEND_OK && descend_optimizer_unfinished(optimizer))
        status = DESCEND_UNFINISHED;
    if (status != DESCEND_OK)
        return status;
    descend_call_enter(&call);
    status = save(optimizer, path, checkpoint);
    descend_call_leave(&call);
    return status;
}
