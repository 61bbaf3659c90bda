/* SPDX-License-Identifier: MIT */
/* What the parts of fuzz_object.c share: an object under test, and the bytes that decide what is done with it. */
#ifndef DESCEND_TESTS_FUZZ_OBJECT_H
#define DESCEND_TESTS_FUZZ_OBJECT_H

#include "earlier.h"
#include "mirror.h"

enum { TENSORS_MAX = 10, GROUPS_MAX = 4 };

struct object {
    struct mirror mirror;
    struct earlier earlier;
    char path[64]; /* of its file */
};

/* The next byte, below this number; 0 where the bytes have ended. */
unsigned next(unsigned below);
#define ONE_OF(values) (values)[next(COUNT(values))]

/* What a step with this number has to say of the config; scalar: the scalar state before it. */
descend_status step_status(const struct configuration *configuration, uint64_t step, float scalar);

/* Calls that go over all tensors: split in any way; in two slices, with other calls between them. */
void call_all(struct object *object);
void call_between_slices(struct object *object);

#endif
