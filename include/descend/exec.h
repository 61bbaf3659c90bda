/* How to run one call, and on what arrays: a part of descend.h. */
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

/* Element types of arrays. The flat functions take float32 alone. */
typedef enum descend_dtype { DESCEND_F32 = 0, DESCEND_BF16 = 1, DESCEND_F16 = 2 } descend_dtype;

/* One share of a call's work. A runner calls it for each index below the number of tasks it was given. */
typedef void descend_task(void *work, unsigned index);

/*
 * How to run one call. It never changes a bit of the result. NULL and all zeros both mean the defaults; initialise with
 * = {0}, so that fields of later versions are zero.
 *
 * The library can see an active OpenMP region and then stays serial, but it cannot see other thread pools: when calling
 * from a pool of your own, set threads = 1, or slices, or run.
 */
typedef struct descend_exec {
    /* 0: the library's choice (OpenMP's own maximum; one inside an active parallel region). 1: the calling thread.
     * More: OpenMP is asked for that many, inside a region for a nested one, which it makes only where its
     * max-active-levels allows; but never for more than there are 4096-element blocks, nor than max(64, processors).
     * With run: the number of tasks exactly, at least 1. */
    unsigned threads;
    /* slices > 0: do slice number `slice` of `slices` equal parts, on the calling thread; threads and run stay 0. Each
     * of the slices is a call with otherwise equal arguments, in any order, on any thread; all return the same. */
    unsigned slice, slices;
    /* The caller's own thread pool: calls task(work, index) once for each index in 0 … tasks-1, on any threads, and
     * returns when all have returned. NULL: OpenMP, or serial in a build without it. */
    void (*run)(void *pool, descend_task *task, void *work, unsigned tasks);
    void *pool; /* handed to run */
    /* The n under which a call stays on the calling thread. 0: the built-in value, measured for OpenMP (32768); run is
     * then used at any n. */
    size_t serial_below;
    uintptr_t reserved[7]; /* zero; anything else is refused */
} descend_exec;

/*
 * The elements [*begin, *end) that `slice` of `slices` covers in an array of n. Slices begin at multiples of 4096
 * elements (or at n) and are within one such block of equal size; in order they cover 0 … n. slices 0 means one; slice
 * >= slices covers nothing. Neither pointer may be NULL. Use it to place memory (first touch on NUMA) or to shard.
 */
void descend_slice(size_t n, unsigned slice, unsigned slices, size_t *begin, size_t *end);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
