/* SPDX-License-Identifier: MIT */
/*
 * An optimizer object, and beside it the same tensors as plain arrays on which each step is taken in separate passes:
 * the gradient scaled, the flat function of descend.h, subnormals flushed, the copy converted. The object has to equal
 * them bit by bit.
 */
#ifndef DESCEND_TESTS_MIRROR_H
#define DESCEND_TESTS_MIRROR_H

#include "data.h"
#include "descend/optimizer.h"

/* The tensor to create. */
struct shape {
    size_t n;
    uint64_t step;
    unsigned group;
    descend_dtype copy; /* DESCEND_F32: none */
    bool absent;        /* it has no gradient */
    bool own_state;     /* all its state arrays are the caller's */
};

struct twin {
    char name[32];
    struct shape shape;         /* absent and step as they are now */
    unsigned initialised;       /* states that hold values, one bit each: of steps taken, here or before */
    struct arrays given, plain; /* the object's, and those that it has to equal */
    uint16_t *given_copy, *plain_copy;
};

enum { MIRROR_GROUPS = 32 };

struct mirror {
    descend_optimizer *optimizer;
    struct configuration group[MIRROR_GROUPS];
    unsigned groups;
    struct twin *twin;
    size_t count;
};

/* With one group, of the configuration's config; then more, and other configs for them (configurations of the same
 * optimizer). */
struct mirror mirror_new(const struct configuration *configuration);
unsigned mirror_group(struct mirror *mirror, const struct configuration *configuration);
void mirror_configure(struct mirror *mirror, unsigned group, const struct configuration *configuration);
void mirror_free(struct mirror *mirror);

/* Makes tensors, filled from the seed; how the last of them are described to descend_optimizer_add; both in one, and
 * added to the groups of their shapes. The caller's state is NaN where the step is 0, for it is not to be read. */
void mirror_append(struct mirror *mirror, const struct shape *shapes, size_t count, enum data_kind kind, uint64_t seed);
descend_tensor mirror_tensor(const struct mirror *mirror, size_t tensor);
void mirror_add(struct mirror *mirror, const struct shape *shapes, size_t count, enum data_kind kind, uint64_t seed);

/* Other gradients in the same places; gradients that come and go. */
void mirror_gradients(struct mirror *mirror, enum data_kind kind, uint64_t seed);
void mirror_absent(struct mirror *mirror, size_t tensor, bool absent);

/* The step on the plain arrays; the same on the object, which has to accept it. pass and exec may be NULL. */
void mirror_expect(struct mirror *mirror, const descend_pass *pass);
void mirror_step(struct mirror *mirror, const descend_pass *pass, const descend_exec *exec);

/* Runs the check on every variant; on every variant and configuration. */
void for_each_variant(void (*check)(void));
void for_each_configuration(void (*check)(const struct configuration *configuration));

/* Fails the cmocka test, saying where, unless all that both have is equal. */
void assert_mirrored(const struct mirror *mirror, const char *context, ...) __attribute__((format(printf, 2, 3)));

#endif
