/* The kernel table: what kernels.c fills once per ISA and dispatch.c chooses from. */
#ifndef DESCEND_KERNELS_H
#define DESCEND_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#include "layouts.def"
#include "optimizers.def"

#define OPTIMIZER_INDEX(name, option_sets, phases, STATES, FIELDS) OPTIMIZER_##name,
enum descend_optimizer_index { DESCEND_OPTIMIZERS(OPTIMIZER_INDEX) OPTIMIZER_COUNT };
#undef OPTIMIZER_INDEX

#define LAYOUT_INDEX(name, param, grad, state, ...) LAYOUT_##name,
enum descend_layout_index { DESCEND_LAYOUTS(LAYOUT_INDEX, ) LAYOUT_COUNT };
#undef LAYOUT_INDEX

enum { STATES_MAX = 3 };

enum descend_copy_type { COPY_NONE, COPY_BF16, COPY_F16 };

/* Sums of squares, by rule 7 of docs/numerics.md. */
struct descend_norms {
    double param, step; /* of the parameters, and of what the first half of a formula in two phases returned */
};

/* The arrays of one call. State arrays that the options do not use are never looked at. What follows them, up to
 * copy_type, is for full kernels: beside the update these do whatever of it is asked for. */
struct descend_streams {
    void *param;
    const void *grad;
    void *state[STATES_MAX];
    float grad_scale; /* multiplies the gradient */
    bool flush;       /* stores subnormal parameters and states as 0 */
    void *zero;       /* the gradient, where it is to be zeroed after use */
    void *copy;       /* where the new parameter also goes, as */
    enum descend_copy_type copy_type;
    struct descend_norms *norms; /* for kernels of a first phase */
};

/* Updates the elements [begin, end). scalars is the formula's struct; the options are fixed per kernel. Of an optimizer
 * with two phases the first moves the state and sets the norms of the elements, which are of one segment. */
typedef void descend_kernel(const void *scalars, const struct descend_streams *streams, size_t begin, size_t end);

/* Sum of squares, and largest magnitude, of the floats [begin, end) of an array, by rule 7 of docs/numerics.md. */
struct descend_squares {
    double sum;
    float max;
};
typedef struct descend_squares descend_squares_kernel(const float *array, size_t begin, size_t end);

enum descend_body { BODY_BARE, BODY_FULL, BODIES };

struct descend_kernels {
    const char *isa;
    unsigned needs; /* the CPU_ features (cpu.h) without which it must not run */
    /* an array indexed by option bits for each optimizer and layout */
    descend_kernel *const *kernel[OPTIMIZER_COUNT][LAYOUT_COUNT][BODIES];
    descend_squares_kernel *squares;
};

#endif
