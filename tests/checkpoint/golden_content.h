/* SPDX-License-Identifier: MIT */
/* What tests/checkpoint/golden.NAME.safetensors hold: written once by write_golden, so that files of today can
 * still be loaded tomorrow. tests/checkpoint/test_golden.py says the same in Python. */
#ifndef DESCEND_TESTS_GOLDEN_CONTENT_H
#define DESCEND_TESTS_GOLDEN_CONTENT_H

#include "descend/checkpoint.h"

enum { GOLDEN_FILES = 6, GOLDEN_GROUPS = 2, GOLDEN_TENSORS = 4, GOLDEN_N = 6 };

struct golden {
    descend_optimizer *optimizer;
    float param[GOLDEN_TENSORS][GOLDEN_N], state[GOLDEN_TENSORS][DESCEND_STATES][GOLDEN_N];
    int16_t second[GOLDEN_TENSORS][1 + DESCEND_STATES][GOLDEN_N]; /* of the parameter, of the states */
};

/* That of the optimizer; "stored" is an AdamW whose arrays are not all float32. */
const char *golden_name(unsigned file);

/* The optimizer of the file; or, blank, one of the same groups and tensors that has taken no step. NULL: no memory. */
descend_optimizer *golden_make(struct golden *golden, unsigned file, bool blank);

extern const descend_scaler golden_scaler;
extern const descend_note golden_notes[2];

#endif
