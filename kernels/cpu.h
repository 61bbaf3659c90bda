/* SPDX-License-Identifier: MIT */
/* The features of the processor, and the guard of the floating-point environment. */
#ifndef DESCEND_CPU_H
#define DESCEND_CPU_H

#include <assert.h>
#include <float.h>
#include <stdint.h>

/* What docs/numerics.md takes for granted. */
static_assert(FLT_RADIX == 2, "descend needs binary floats");
static_assert(FLT_MANT_DIG == 24, "descend needs a float that is IEEE 754's binary32");
static_assert(FLT_MAX_EXP - FLT_MIN_EXP == 253, "descend needs a float that is IEEE 754's binary32");
static_assert(FLT_HAS_SUBNORM == 1, "descend needs subnormal floats");
static_assert(DBL_MANT_DIG == 53, "descend needs a double that is IEEE 754's binary64");
static_assert(DBL_MAX_EXP - DBL_MIN_EXP == 2045, "descend needs a double that is IEEE 754's binary64");
static_assert(DBL_HAS_SUBNORM == 1, "descend needs subnormal doubles");
static_assert(FLT_EVAL_METHOD == 0, "descend needs floats that are computed in float, on i386 by SSE2, not by the x87");

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
