/* What the machine can run, and the floating-point control register. */
#ifndef DESCEND_CPU_H
#define DESCEND_CPU_H

#include <stdint.h>

enum { CPU_AVX2 = 1, CPU_FMA = 2, CPU_AVX512F = 4, CPU_NEON = 8, CPU_F16C = 16 };

/* The CPU_ features that both the processor and the operating system support. */
unsigned descend_cpu_features(void);

/*
 * enter saves the calling thread's control and status and sets what all results are computed under: round to nearest,
 * no flush to zero, exceptions masked. leave puts all of it back, sticky flags included. They are calls into another
 * object, and what computes in between must be one too, never inlined beside them: compilers move arithmetic past a
 * write of the control register.
 */
struct descend_fp_state {
    uint64_t control, status;
};
struct descend_fp_state descend_fp_enter(void);
void descend_fp_leave(struct descend_fp_state state);

#endif
