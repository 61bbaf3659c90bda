/* The features of the processor, and the guard of the floating-point environment. */
#ifndef DESCEND_CPU_H
#define DESCEND_CPU_H

#include <stdint.h>

enum { CPU_AVX2 = 1, CPU_FMA = 2, CPU_AVX512F = 4, CPU_NEON = 8, CPU_F16C = 16 };

/* The CPU_ features that both the processor and the operating system support. */
unsigned descend_cpu_features(void);

/*
 * Runs work(context) under the floating-point environment that all results are computed under (round to nearest, no
 * flush to zero, exceptions masked), then puts the calling thread's own back, sticky flags included. Everything that
 * computes is reached through this function: compilers move arithmetic past a write of the control register, but not
 * past a call of a function that they cannot see.
 */
void descend_guarded(void (*work)(void *context), void *context);

#endif
