/* Where in memory the object puts the states that it allocates. */
#ifndef DESCEND_PLACE_H
#define DESCEND_PLACE_H

#include "optimizer/tensor.h"

/* For those states of `used` that tensors of a group have no memory for: the bytes that they take at most, and placing
 * them in memory of so many bytes that starts at a multiple of 64. */
size_t descend_states_bytes(const struct descend_rule *rule, const struct tensor *tensors, size_t count, unsigned group,
                            unsigned used);
void descend_states_place(const struct descend_rule *rule, unsigned char *memory, struct tensor *tensors, size_t count,
                          unsigned group, unsigned used);

#endif
