/* SPDX-License-Identifier: MIT */
/* What a file begins with, in memory: for whoever writes the tensors' bytes behind it. */
#ifndef DESCEND_CHECKPOINT_COMPOSE_H
#define DESCEND_CHECKPOINT_COMPOSE_H

#include "safetensors.h"

/* The first bytes of a file: the length of the header, 8 bytes, and the header with its final spaces. The first tensor
 * follows, then the others in their order, without gaps. */
struct descend_composed {
    unsigned char *text;
    size_t size;
    size_t checksum_at; /* offset in the file of the checksum's digits, which are '0' here, as it is computed with */
    uint64_t data_size; /* bytes of all tensors, which follow */
};

/* Composes the beginning of a file that has whole tensors; their data and parts are not looked at. Refuses and
 * allocates what descend_safetensors_write does. After DESCEND_OK to be freed; after an error there is nothing to
 * free. */
descend_status descend_header_compose(struct descend_composed *header, const struct descend_file_tensor *tensors,
                                      size_t count, const struct descend_file_pair *metadata, size_t pairs);
void descend_composed_free(struct descend_composed *header);

/* The bytes of a whole tensor modulo 2^64; composing refuses tensors with more bytes. */
uint64_t descend_file_tensor_size(const struct descend_file_tensor *tensor);

#endif
