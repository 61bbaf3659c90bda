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
    size_t states, fields; /* how many of these there are */
    const char *state[STATES_MAX];
    struct descend_field field[FIELDS_MAX];
    /* The start value of a state. */
    float (*initial)(const void *config, size_t state);
    /* Which states the option bits use, one bit each. */
    unsigned (*used)(unsigned options);
    /* Checks what the fields have to do with each other, and fills in scalars and option bits. */
    descend_status (*prepare)(const void *config, const struct descend_point *at, struct descend_scalars *scalars,
                              unsigned *options);
};

extern const struct descend_row descend_rows[OPTIMIZER_COUNT];

/* Every field is in its range, the row's prepare, and every coefficient is finite. It computes in double: call it
 * inside the guard of cpu.h. */
descend_status descend_prepare(const struct descend_row *row, const void *config, const struct descend_point *at,
                               struct descend_scalars *scalars, unsigned *options);

#endif
