/* SPDX-License-Identifier: MIT */
/* How to run one call, and the element types of arrays. This is a part of descend.h. */
#ifndef DESCEND_EXEC_H
#define DESCEND_EXEC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Element types of arrays. The functions over flat arrays take float32 only. */
typedef enum descend_dtype {
    DESCEND_F32 = 0,        /* float32 */
    DESCEND_BF16 = 1,       /* bfloat16 */
    DESCEND_F16 = 2,        /* IEEE half precision */
    DESCEND_BF16_SPLIT = 3, /* a float32 in two arrays: the nearest bfloat16, and the float32's lower 16 bits */
    DESCEND_B8 = 4,         /* 8-bit floats with a sign; each 256 elements share an offset of their exponents */
    DESCEND_UB8 = 5         /* like DESCEND_B8 without a sign, for values that are never negative */
} descend_dtype;

/* Does one task of a call: task number `index`. Given to descend_exec.run. */
typedef void descend_task(void *work, unsigned index);

/*
 * How to run one call. It never changes a bit of the result. NULL and all zeros both mean the defaults. Initialise it
 * with = {0} in C and = {} in C++, so that fields of later versions are zero.
 *
 * Inside an active OpenMP region the library stays serial by default. It cannot detect other thread pools: when calling
 * from a pool of your own, set threads = 1, or slices, or run.
 */
typedef struct descend_exec {
    /* The number of threads. 0: the library's choice, which is OpenMP's maximum, but 1 inside an active parallel
     * region, and 1 for some time after calls of about this size were slower on several threads than on one, as they
     * are where other programs use the processors. 1: the calling thread. More: so many are requested from OpenMP, but
     * never more than there are blocks of 4096 elements, nor more than max(64, processors). Inside an active parallel
     * region that asks for a nested one, which OpenMP creates only as far as its max-active-levels allows. With run:
     * the exact number of tasks, at least 1.
     *
     * OpenMP ends the process where it cannot start a thread. So before a call that needs more threads than OpenMP has
     * started for the calling thread, the library tries to start as many itself. Where the system refuses them (ulimit
     * -u, memory), the call stays on the calling thread, and so do the next calls of this kind. Two cases remain in
     * which OpenMP may end the process: another program takes the threads between the trial and the start, or OpenMP
     * ends threads and starts them again (nested regions, teams of changing size). */
    unsigned threads;
    /* slices > 0: this call does only part number `slice`, from 0 on, of `slices` equal parts, on the calling thread;
     * threads and run must be 0. The caller makes one call for each slice, in any order and on any thread, whose other
     * arguments are equal; all return the same status. */
    unsigned slice, slices;
    /* The caller's own thread pool. It must call task(work, index) once for each index of 0 … tasks - 1, on any
     * threads, and return when all of them have returned; if it leaves tasks out, the call returns DESCEND_UNFINISHED.
     * NULL: OpenMP, or serial in a build without it. */
    void (*run)(void *pool, descend_task *task, void *work, unsigned tasks);
    void *pool; /* passed to run */
    /* A call of fewer elements stays on the calling thread. 0: below 32768, which was measured for OpenMP; run is then
     * used for any n. */
    size_t serial_below;
    uintptr_t reserved[7]; /* zero; anything else is refused with DESCEND_BAD_RESERVED */
} descend_exec;

/*
 * Finds the elements [*begin, *end) that slice number `slice` of `slices` covers in an array of n elements. In order
 * the slices cover 0 … n - 1. They begin at multiples of 4096 elements (or at n), and the size of each is within 4096
 * of n / slices. slices 0 means 1; where slice >= slices nothing is covered. Neither pointer may be NULL. Use it to
 * place memory (first touch on NUMA) or to shard.
 */
void descend_slice(size_t n, unsigned slice, unsigned slices, size_t *begin, size_t *end);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
