/* SPDX-License-Identifier: MIT */
/*
 * A configuration is one kind of optimizer with one set of options, callable without knowing which: the tests go over
 * all of them. They come from kernels/rules.def, from what the library says of its kinds, and from
 * tests/support/rules/<name>.h.
 */
#ifndef DESCEND_TESTS_CONFIGURATION_H
#define DESCEND_TESTS_CONFIGURATION_H

#include <stddef.h>

#include "bounded.h"
#include "expected.h"

enum { CONFIGURATION_STATES = 4 };

typedef descend_status configuration_step(const void *config, uint64_t step, float *param, const float *grad,
                                          float *const state[], size_t n, const descend_exec *exec);

/* One step on one element from the paper, with bounds of what float32 may make of it. */
typedef void configuration_oracle(const void *config, double step, struct bounded *param, struct bounded grad,
                                  struct bounded state[]);

struct configuration {
    descend_kind kind;
    const char *optimizer; /* its name, "adam" */
    char label[64];        /* "adam weight_decay amsgrad" */
    descend_config config;
    unsigned arrays; /* how many state arrays its step function takes */
    unsigned states; /* those, and the scalar state behind them, if it has one */
    unsigned used;   /* which of them the config uses, one bit each */
    bool in_slices;  /* a step can be done in slices */
    const char *state_name[CONFIGURATION_STATES];
    /* The functions of the kind; config is the kind's own struct. step takes at a scalar state's pointer what it was
     * before the step, and leaves it. */
    configuration_step *step;
    configuration_oracle *oracle;
    const struct expected *expected;
};

/* All configurations, grouped by optimizer; *count of them. Built at the first call, which is not to be made by two
 * threads. / */
const struct configuration *configurations(size_t *count);

/* The configuration of this label; ends the program where there is none. */
const struct configuration *configuration_of(const char *label);

/* Runs the check on a configuration of each kind: what shares out work and memory knows of an optimizer only how many
 * states it has, whether one is a scalar, and its phases. Each is the last of its optimizer, and uses all states. */
void for_each_structure(void (*check)(const struct configuration *configuration));

/* The variants that can run here, slowest first: the names, ended by NULL. Says on stdout which they are, once. */
const char *const *variants(void);

#endif
