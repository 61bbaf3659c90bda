/* SPDX-License-Identifier: MIT */
/* The floating-point control registers, for the tests of the guard: read and set whole on machines that are known here,
 * elsewhere what C's fenv.h knows of them. */
#ifndef DESCEND_TESTS_ENVIRONMENT_H
#define DESCEND_TESTS_ENVIRONMENT_H

#include <fenv.h>
#include <stdbool.h>
#include <stdint.h>

struct environment {
    uint64_t control, status; /* a register that holds both, as MXCSR does, is control */
};

struct environment environment_get(void);
void environment_set(struct environment environment);

/* The rounding mode is an FE_ constant. Machines without flush to zero or traps ignore those. */
struct environment environment_with(int rounding, bool flush_to_zero, bool unmasked);

/* False where unmasked exceptions never trap, as under an emulator. */
bool environment_can_trap(void);

#endif
