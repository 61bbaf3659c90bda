/*
 * A subject is one optimizer with one set of options, callable without knowing which: the tests go over all of them.
 * They come from the rows of kernels/optimizers.def and from tests/optimizers/<name>.h.
 */
#ifndef DESCEND_TESTS_SUBJECT_H
#define DESCEND_TESTS_SUBJECT_H

#include <stddef.h>

#include "bounded.h"
#include "descend/descend.h"

enum { SUBJECT_STATES = 3 };

typedef descend_status subject_step(const void *config, uint64_t step, float *param, const float *grad,
                                    float *const state[], size_t n, const descend_exec *exec);

/* One step on one element from the paper, with bounds of what float32 may make of it. */
typedef void subject_oracle(const void *config, uint64_t step, struct bounded *param, struct bounded grad,
                            struct bounded state[]);

struct subject {
    const char *optimizer; /* "adam" */
    char label[64];        /* "adam weight_decay amsgrad" */
    _Alignas(8) char config[128];
    size_t config_size;
    unsigned states; /* how many state arrays its step function takes */
    unsigned used;   /* which of them the config uses, one bit each */
    const char *state_name[SUBJECT_STATES];
    double initial[SUBJECT_STATES];
    subject_step *step;     /* state: `states` pointers */
    subject_oracle *oracle; /* state: `states` numbers */
};

/* All subjects, grouped by optimizer; *count of them. Built at the first call, which is not to be made by two threads.
 */
const struct subject *subjects(size_t *count);

/* The variants that can run here, slowest first: the names, ended by NULL. Says on stdout which they are, once. */
const char *const *variants(void);

#endif
