/* The kernel table: what kernels.c fills once per ISA and dispatch.c chooses from. */
#ifndef DESCEND_KERNELS_H
#define DESCEND_KERNELS_H

#include <stddef.h>

#include "layouts.def"
#include "optimizers.def"

#define OPTIMIZER_INDEX(name, option_sets, STATES, FIELDS) OPTIMIZER_##name,
enum descend_optimizer_index { DESCEND_OPTIMIZERS(OPTIMIZER_INDEX) OPTIMIZER_COUNT };
#undef OPTIMIZER_INDEX

#define LAYOUT_INDEX(name, param, grad, state, ...) LAYOUT_##name,
enum descend_layout_index { DESCEND_LAYOUTS(LAYOUT_INDEX, ) LAYOUT_COUNT };
#undef LAYOUT_INDEX

enum { STATES_MAX = 3 };

/* The arrays of one call. State arrays that the options do not use are never looked at. */
struct descend_streams {
    void *param;
    const void *grad;
    void *state[STATES_MAX];
};

/* Updates the elements [begin, end). scalars is the formula's struct; the options are fixed per kernel. */
typedef void descend_kernel(const void *scalars, const struct descend_streams *streams, size_t begin, size_t end);

struct descend_kernels {
    const char *isa;
    unsigned needs; /* the CPU_ features (cpu.h) without which it must not run */
    /* an array indexed by option bits for each optimizer and layout */
    descend_kernel *const *kernel[OPTIMIZER_COUNT][LAYOUT_COUNT];
};

#endif
