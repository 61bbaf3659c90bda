/* Where in memory the object puts the states that it allocates. */
#ifndef DESCEND_PLACE_H
#define DESCEND_PLACE_H

#include "optimizer/tensor.h"

/* The states of `used` that tensors of a group have no memory for: how many bytes they take at most, and then their
 * places from an address on that is a multiple of 64. */
size_t descend_states_bytes(const struct descend_rule *rule, const struct tensor *tensors, size_t count, unsigned group,
                            unsigned used);
void descend_states_place(const struct descend_rule *rule, unsigned char *memory, struct tensor *tensors, size_t count,
                          unsigned group, unsigned used);

#endif
