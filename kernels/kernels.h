/* SPDX-License-Identifier: MIT */
/* The kernel table: what kernels.c fills once per ISA and dispatch.c chooses from. */
#ifndef DESCEND_KERNELS_H
#define DESCEND_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/config.h"
#include "formulas/formula.h"
#include "rules.def"

/* The arrays of one call. State arrays that the options do not use are never looked at. */
struct descend_streams {
    void *param;
    const void *grad;
    void *state[STATES_MAX];
    uint64_t first; /* of element 0: its index in the whole tensor */
    /* What kernels with extras do after the update (extras.h): */
    bool flush;              /* sets subnormal parameters and states to 0 */
    void *zero;              /* the gradient, where it is to be zeroed; else NULL */
    void *copy;              /* where the new parameter also goes; else NULL */
    descend_dtype copy_type; /* of copy: DESCEND_BF16 or DESCEND_F16 */
};

/* Updates the elements [begin, end). scalars is the formula's struct; each kernel is of one set of options. */
typedef void descend_stream_kernel(const void *scalars, const struct descend_streams *streams, size_t begin,
                                   size_t end);

/* Sums of squares of the parameters, and of what the first half of the formula leaves in x (docs/numerics.md, rule 7).
 */
struct descend_norms {
    double param, step;
};

/* Updates the states of the elements [begin, end), all of one segment, and returns the sums of squares over them. */
typedef struct descend_norms descend_reduce_kernel(const void *scalars, const struct descend_streams *streams,
                                                   size_t begin, size_t end);

/* The sum of squares and the largest magnitude of the elements [begin, end) of an array (docs/numerics.md, rule 7). */
struct descend_squares {
    double sum;
    float max;
};
typedef struct descend_squares descend_squares_kernel(const float *array, size_t begin, size_t end);

/* The kernels of a rule: tables indexed by options. */
struct descend_rule_kernels {
    descend_stream_kernel *const *stream, *const *extras; /* without and with extras */
    descend_reduce_kernel *const *reduce;                 /* NULL where the rule has one pass */
};

enum {
    RULE_COUNT = 0
#define COUNT_RULE(name, NAME, option_sets, passes) +1
    DESCEND_RULES(COUNT_RULE)
#undef COUNT_RULE
};

struct descend_kernels {
    const char *isa;
    unsigned needs;                                   /* the CPU_ features (cpu.h) without which it must not run */
    struct descend_rule_kernels rule[RULE_COUNT + 1]; /* by kind */
    descend_squares_kernel *squares;
};

#endif
