/* SPDX-License-Identifier: MIT */
/*
 * LAMB (You et al. 2020): how far an element moves depends on the whole tensor, so the tests that take elements on
 * their own say little of it. Here is a plain step, LAMB's formula in docs/optimizers.md and rule 7 of
 * docs/numerics.md, and what its tests have in common.
 */
#ifndef DESCEND_TESTS_PLAIN_LAMB_H
#define DESCEND_TESTS_PLAIN_LAMB_H

#include "data.h"

enum {
    EXP_AVG = STATE,
    EXP_AVG_SQ,
    LAMB_ARRAYS,                /* so many are the library's */
    UPDATE = LAMB_ARRAYS,       /* the plain step's own */
    LAMB_LARGE = 256 * 4096 + 1 /* elements; its segments are of 8192 */
};
extern const char *const lamb_names[LAMB_ARRAYS];

descend_lamb lamb_config_of(bool decay, bool maximize);

/* The library's step. */
descend_status lamb_step(const descend_lamb *c, uint64_t step, struct arrays *a, const descend_exec *exec);

void lamb_copy(struct arrays *to, const struct arrays *from);

/* Parameter and gradient from the seed; the averages too, or 0. */
void lamb_begin(struct arrays *a, uint64_t seed, bool averages);

/* The plain step's averages and update; returns the ratio. Then what it does to the parameter. */
double plain_ratio(const descend_lamb *c, uint64_t step, struct arrays *a);
void plain_move(const descend_lamb *c, double ratio, struct arrays *a);
void plain_step(const descend_lamb *c, uint64_t step, struct arrays *a); /* both */

/* Fails the cmocka test, saying where, unless the library's arrays are the same bits. */
void assert_same_lamb(const struct arrays *expected, const struct arrays *got, const char *context, ...)
    __attribute__((format(printf, 3, 4)));

#endif
