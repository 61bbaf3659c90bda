/* SPDX-License-Identifier: MIT */
/* The kernel table: what kernels.c fills once per ISA and dispatch.c chooses from. */
#ifndef DESCEND_KERNELS_H
#define DESCEND_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/optimizer.h"
#include "formulas/formula.h"
#include "layouts.def"
#include "rules.def"

/* How an array is stored. */
struct descend_stored {
    descend_dtype type;
    void *second; /* as in descend_array */
};

/* How the arrays of one call are stored where not all are float32. */
struct descend_layout {
    struct descend_stored param, state[STATES_MAX];
    descend_dtype grad;
    uint64_t step_key; /* random_step_key of random.h */
};

/* The arrays of one call. State arrays that the options do not use are never looked at. */
struct descend_streams {
    void *param;
    const void *grad;
    void *state[STATES_MAX];
    const struct descend_layout *layout; /* NULL: all arrays are float32, as kernels want them */
    uint64_t first;                      /* where there is a layout: index of element 0 in the whole tensor */
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

/* The lanes in which a segment is summed: element i of the segment in lane i mod 16. */
enum { SQUARES_LANES = 16 };
struct descend_norm_lanes {
    double param[SQUARES_LANES], step[SQUARES_LANES];
};

/* Updates the states of the elements [begin, end), of one segment from a multiple of 16 in it on, and adds their
 * squares to the lanes. */
typedef void descend_reduce_kernel(const void *scalars, const struct descend_streams *streams, size_t begin, size_t end,
                                   struct descend_norm_lanes *lanes);

/* The sum of squares and the largest magnitude of the elements [begin, end) of an array of this type (docs/numerics.md,
 * rule 7). */
typedef descend_squares descend_squares_kernel(descend_dtype type, const void *array, size_t begin, size_t end);

/* Updates the block of STORAGE_BLOCK elements from i on, of streams with a layout, without what else there is to do. */
typedef void descend_direct_kernel(const void *scalars, const struct descend_streams *streams, size_t i);

/* The types of the arrays of a rule with at most two states. */
struct descend_types {
    descend_dtype param, grad, state[2];
};

struct descend_direct {
    descend_kind kind;
    unsigned options;
    struct descend_types types;
    descend_direct_kernel *kernel;
};

/* Update and reduce where the streams have a layout, by the kernels above; direct may be NULL. */
typedef void descend_stored_update(descend_stream_kernel *kernel, descend_direct_kernel *direct, const void *scalars,
                                   const struct descend_streams *streams, struct state_use use, size_t begin,
                                   size_t end);
typedef void descend_stored_reduce(descend_reduce_kernel *kernel, const void *scalars,
                                   const struct descend_streams *streams, struct state_use use, size_t begin,
                                   size_t end, struct descend_norm_lanes *lanes);

/* Convert n elements of an array, from a multiple of 256 on, to and from float32; to the nearest. What is loaded is
 * written to `to` or added to what is there. */
typedef void descend_load(descend_dtype type, float *to, const void *data, const void *second, size_t i, size_t n);
typedef void descend_store(descend_dtype type, void *data, void *second, size_t i, const float *from, size_t n);

/* to[i] -= from[i] for n elements. */
typedef void descend_subtract(float *to, const float *from, size_t n);

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
    descend_stored_update *stored_update;
    descend_stored_reduce *stored_reduce;
    descend_load *load, *add;
    descend_store *store;
    descend_subtract *subtract;
    const struct descend_direct *direct; /* ended by one without a kernel */
};

#endif
