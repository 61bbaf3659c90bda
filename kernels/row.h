/* The rows of optimizers.def as data: what the step functions and the optimizer object know of an optimizer. */
#ifndef DESCEND_ROW_H
#define DESCEND_ROW_H

#include <stdbool.h>

#include "descend/descend.h"
#include "formulas/scalars.h"
#include "kernels.h"

enum { SCALARS_MAX = 16, FIELDS_MAX = 8, CONFIG_MAX = 64 };

/* A formula's struct of scalars: it holds floats only. */
struct descend_scalars {
    float value[SCALARS_MAX];
};

struct descend_field {
    const char *name;
    size_t offset; /* in the config */
    bool flag;     /* a bool; else a double: */
    double least, most;
    descend_status bad; /* where it is not within these */
};

struct descend_row {
    const char *name; /* "adam" */
    size_t config_size, scalar_count;
    size_t arrays, states, fields; /* how many of these there are; states: the arrays, and the scalar behind them */
    const char *state[STATES_MAX];
    struct descend_field field[FIELDS_MAX];
    /* The start value of a state. */
    float (*initial)(const void *config, size_t state);
    /* The scalar state through this step; NULL: it has none. */
    float (*advance)(const void *config, uint64_t step, float previous);
    /* What a second phase needs beside the first's coefficients, the ratio of the norms of parameters and step; NULL:
     * there is none. */
    void (*second)(const void *config, double ratio, struct descend_scalars *scalars);
    /* Which state arrays the option bits use, one bit each. */
    unsigned (*used)(unsigned options);
    /* Checks what the fields have to do with each other, and fills in scalars and option bits. */
    descend_status (*prepare)(const void *config, const struct descend_point *at, struct descend_scalars *scalars,
                              unsigned *options);
};

extern const struct descend_row descend_rows[OPTIMIZER_COUNT];

/* How many elements a state of a tensor has. */
static inline size_t descend_state_length(const struct descend_row *row, size_t state, size_t n)
{
    return state < row->arrays || n == 0 ? n : 1;
}

/* Every field is in its range, the row's prepare, and every coefficient is finite. It computes in double: call it
 * inside the guard of cpu.h. */
descend_status descend_prepare(const struct descend_row *row, const void *config, const struct descend_point *at,
                               struct descend_scalars *scalars, unsigned *options);

#endif
