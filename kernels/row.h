/* The rows of optimizers.def as data: what the step functions and the optimizer object know of an optimizer. */
#ifndef DESCEND_ROW_H
#define DESCEND_ROW_H

#include <stdbool.h>

#include "descend/descend.h"
#include "kernels.h"

enum { SCALARS_MAX = 16, FIELDS_MAX = 8, CONFIG_MAX = 64 };

/* A formula's struct of scalars: it holds floats only. */
struct descend_scalars {
    float value[SCALARS_MAX];
};

struct descend_field {
    const char *name;
    size_t offset; /* in the config */
    bool flag;     /* a bool; else a double */
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
    /* Checks the config and fills in scalars and option bits. first: no step was taken with these state arrays yet. */
    descend_status (*prepare)(const void *config, uint64_t step, bool first, struct descend_scalars *scalars,
                              unsigned *options);
};

extern const struct descend_row descend_rows[OPTIMIZER_COUNT];

/* A row's prepare, and every coefficient is finite. It computes in double: call it inside the guard of cpu.h. */
descend_status descend_prepare(const struct descend_row *row, const void *config, uint64_t step, bool first,
                               struct descend_scalars *scalars, unsigned *options);

#endif
