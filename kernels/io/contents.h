/* SPDX-License-Identifier: MIT */
/* What a checkpoint of an optimizer has: the tensors and the metadata of its file. */
#ifndef DESCEND_CHECKPOINT_CONTENTS_H
#define DESCEND_CHECKPOINT_CONTENTS_H

#include "descend/checkpoint.h"
#include "safetensors.h"

struct descend_contents {
    struct descend_file_tensor *tensors;
    struct descend_file_pair *pairs;
    size_t tensor_count, pair_count;
    void *block; /* all memory but that of the tensors' data, which is the optimizer's */
};

/*
 * Lists what is saved. With `whole` false, the tensors are those of this optimizer, all of each.
 *
 * With `whole` true they are the whole tensors, of which this optimizer has shards (descend_tensor.whole is given where
 * there are elements), and their parts are what it has. Where several optimizers have the same groups, names, step
 * counts and states in use, and together all elements, each once, they list the same but for the parts, and these make
 * up each tensor. A scalar state is a part of the optimizer that has element 0 of its tensor. Where arrays have bases
 * for each 256 elements, shards begin at multiples of 256, or two of them have the same base.
 *
 * Refuses what descend_optimizer_save refuses of the scaler and the names. DESCEND_NO_MEMORY. After DESCEND_OK to be
 * freed, before the optimizer changes; after an error there is nothing to free.
 */
descend_status descend_contents_make(const descend_optimizer *optimizer, const descend_checkpoint *checkpoint,
                                     bool whole, struct descend_contents *contents);
void descend_contents_free(struct descend_contents *contents);

#endif
