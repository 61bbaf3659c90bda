/* SPDX-License-Identifier: MIT */
/* Where in memory the object puts the states that it allocates. */
#ifndef DESCEND_PLACE_H
#define DESCEND_PLACE_H

#include "optimizer/tensor.h"

/* The bytes that those states of `used` take at most for which a tensor has no memory. */
size_t descend_states_bytes(const struct descend_rule *rule, const struct tensor *tensor, unsigned used);

/* Places them in memory of so many bytes that starts at a multiple of 64; returns where the next tensor's may start. */
unsigned char *descend_states_place(const struct descend_rule *rule, unsigned char *memory, struct tensor *tensor,
                                    unsigned used);

#endif
