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
    DESCEND_F32 = 0,
    DESCEND_BF16 = 1,       /* bfloat16 */
    DESCEND_F16 = 2,        /* IEEE half precision */
    DESCEND_BF16_SPLIT = 3, /* a float32 in two parts: a bfloat16, and in another array its 16 lower bits */
    DESCEND_B8 = 4,         /* 8-bit floats; 256 elements share an exponent */
    DESCEND_UB8 = 5         /* the same without a sign, for what is never negative */
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
     * region, and 1 for a while after calls of about this size were slower on threads than on one (other programs want
     * the processors). 1: the calling thread. More: so many are requested from OpenMP, but never more than there are
     * blocks of 4096 elements, nor more than max(64, processors). Inside an active parallel region that asks for a
     * nested one, which OpenMP creates only as far as its max-active-levels allows. With run: the exact number of
     * tasks, at least 1.
     *
     * OpenMP ends the process where it cannot start a thread. So before the first call that needs more of them than the
     * calling thread has had, the library tries whether the system lets the process have so many (ulimit -u, memory),
     * and if not, stays on the calling thread. What is left to OpenMP: others that take the threads between trial and
     * start, and threads that OpenMP gives up and starts again (nested regions, teams of changing size). */
    unsigned threads;
    /* slices > 0: this call does only part number `slice`, from 0 on, of `slices` equal parts, on the calling thread;
     * threads and run must be 0. The caller makes one call for each slice, in any order and on any thread, whose other
     * arguments are equal; all return the same status. */
    unsigned slice, slices;
    /* The caller's own thread pool. It must call task(work, index) once for each index of 0 … tasks - 1, on any
     * threads, and return when all of them have returned. NULL: OpenMP, or serial in a build without it. */
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
