/*
 * What a formula is: an update rule's arithmetic over vectors, in two halves. <name>_first moves the states, and may
 * begin something that takes long (a root, say) in x; <name>_second moves the parameter. The loop of stream.h takes
 * several vectors through the first half before any goes through the second, so that their roots and quotients overlap
 * (docs/performance.md).
 *
 * A file formulas/<name>.h defines
 *   enum       option bits; <NAME>_OPTION_SETS, above every combination of them that the rule's prepare can return; and
 *              <NAME>_STATES, how many state arrays there are
 *   struct     <name>_scalars, the coefficients of a step: floats only. The first is what the gradient is multiplied
 *              by: 1, or -1 to maximize; the optimizer object multiplies descend_pass.grad_scale into it
 *   functions  <name>_used, <name>_first, <name>_second
 *
 * Options are constants where a kernel is compiled, so every `if` on them disappears.
 */
#ifndef DESCEND_FORMULA_H
#define DESCEND_FORMULA_H

#include <stdbool.h>

#include "vec/vec.h"

enum { STATES_MAX = 4 };

/* One vector of each array, and what the halves hand on. */
struct lanes {
    vf p, g;          /* parameter, gradient */
    vf x;             /* from the first half to the second */
    vf s[STATES_MAX]; /* states, in the order of the step function's arguments; 1 where one is not read */
};

/* Which state arrays are read and which are written, bit k for array k. */
struct state_use {
    unsigned read, written;
};

static inline struct state_use read_and_written(unsigned states)
{
    return (struct state_use){states, states};
}

/* A half of a formula. scalars is the formula's own struct. */
typedef void formula_half(const void *scalars, unsigned options, struct lanes *v);

#endif
