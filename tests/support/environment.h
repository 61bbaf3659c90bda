/* SPDX-License-Identifier: MIT */
/* The floating-point control registers, read and set whole, for the tests of the guard. */
#ifndef DESCEND_TESTS_ENVIRONMENT_H
#define DESCEND_TESTS_ENVIRONMENT_H

#include <fenv.h>
#include <stdbool.h>
#include <stdint.h>

struct environment {
    uint64_t control, status; /* x86-64: MXCSR is the control, its sticky flags included */
};

struct environment environment_get(void);
void environment_set(struct environment environment);

/* As get, changed: the rounding mode is an FE_ constant. */
struct environment environment_with(int rounding, bool flush_to_zero, bool unmasked);

/* False under an emulator that never traps on unmasked exceptions. */
bool environment_can_trap(void);

#endif
