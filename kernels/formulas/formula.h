/* SPDX-License-Identifier: MIT */
/*
 * What a formula is: an update rule's arithmetic over vectors, in two halves. <name>_first updates the states, and may
 * start a slow operation (a root, say) whose result it leaves in x; <name>_second updates the parameter. The loop of
 * stream.h takes several vectors through the first half before any goes through the second, so that their roots and
 * quotients overlap (docs/performance.md).
 *
 * A file formulas/<name>.h defines
 *   enum       the option bits; <NAME>_OPTION_SETS, a number above every combination of them that the rule's prepare
 *              can return; and <NAME>_STATES, the number of state arrays
 *   struct     <name>_scalars, the coefficients of a step: floats only. The first one multiplies the gradient: 1, or -1
 *              to maximize; the optimizer object multiplies it by descend_pass.grad_scale
 *   functions  <name>_used, <name>_first, <name>_second
 *
 * Each kernel is compiled for one set of options, a constant there, so every `if` on options disappears.
 */
#ifndef DESCEND_FORMULA_H
#define DESCEND_FORMULA_H

#include <stdbool.h>

#include "vec/vec.h"

enum { STATES_MAX = 4 };

/* One vector of each array, and what the first half hands to the second. */
struct lanes {
    vf p, g;          /* parameter, gradient */
    vf x;             /* an intermediate result: set by the first half, used by the second */
    vf s[STATES_MAX]; /* states, in the order of the step function's arguments; 1 where a state is not read */
};

/* Which state arrays are read and which are written, bit k for array k. */
struct state_use {
    unsigned read, written;
};

static inline struct state_use read_and_written(unsigned states)
{
    return (struct state_use){states, states};
}

/* A half of a formula. scalars points to the formula's struct <name>_scalars. */
typedef void formula_half(const void *scalars, unsigned options, struct lanes *v);

#endif
