/* SPDX-License-Identifier: MIT */
/* The features of the processor, and the guard of the floating-point environment. */
#ifndef DESCEND_CPU_H
#define DESCEND_CPU_H

#include <stdint.h>

enum { CPU_AVX2 = 1, CPU_FMA = 2, CPU_AVX512F = 4, CPU_NEON = 8, CPU_F16C = 16, CPU_AVX512BW = 32 };

/* The CPU_ features that both the processor and the operating system support. */
unsigned descend_cpu_features(void);

/*
 * Runs work(context) in the floating-point environment in which all results are computed (round to nearest, no flush to
 * zero, exceptions masked), then restores the calling thread's own, sticky flags included. All arithmetic is reached
 * through this function: compilers may move arithmetic past a write to the control register, but not past a call of a
 * function that they cannot see.
 */
void descend_guarded(void (*work)(void *context), void *context);

/* The same for what computes no results and starts threads, which inherit the environment: masks exceptions alone. */
void descend_masked(void (*work)(void *context), void *context);

#endif
