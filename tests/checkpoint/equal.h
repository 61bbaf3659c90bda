/* SPDX-License-Identifier: MIT */
/* Two optimizer objects compared by all that their functions tell. */
#ifndef DESCEND_TESTS_EQUAL_H
#define DESCEND_TESTS_EQUAL_H

#include "descend/optimizer.h"

/* Fails the cmocka test, saying where, unless both have the same seed, groups, configs, tensors, step counts and states
 * in use and, bit by bit, the same elements. Any NaN is any other. Gradients and copies are not compared. */
void assert_equal_optimizers(const descend_optimizer *a, const descend_optimizer *b, const char *context, ...)
    __attribute__((format(printf, 3, 4)));

#endif
