/* SPDX-License-Identifier: MIT */
/* A network's parameters and gradients as a storage keeps them. The network computes in float32 from what they hold. */
#ifndef DESCEND_TRAIN_STORED_H
#define DESCEND_TRAIN_STORED_H

#include <stdbool.h>
#include <stdint.h>

#include "descend/optimizer.h"
#include "network.h"
#include "storage.h"

struct stored {
    const struct storage *storage;
    const struct network *net;
    descend_array param,
        grad; /* of the whole network, in its layout; where they are float32, the network's own arrays */
};

/* Returns false if there is no memory. stored_close() in either case. */
bool stored_open(struct stored *stored, const struct storage *storage, const struct network *net);
void stored_close(struct stored *stored);

/* As network_tensors, but with these arrays, and with what the states of this kind are to be stored as. */
void stored_tensors(const struct stored *stored, descend_kind kind, uint16_t *copy,
                    descend_tensor tensors[NETWORK_TENSORS]);

/* From the network's arrays, rounded to nearest. */
void stored_take_param(const struct stored *stored);
void stored_take_grad(const struct stored *stored);

/* Sets the network's parameters to those that the model computes with: of split ones, to the bfloat16 halves. */
void stored_give_param(const struct stored *stored);

#endif
