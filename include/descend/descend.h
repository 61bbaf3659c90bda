/*
 * descend: fused single-pass optimizer updates over flat float32 arrays.
 *
 * One call is one optimizer step over one parameter array of n elements. Parameter, gradient and state arrays all
 * belong to the caller; the library allocates nothing, prints nothing and never aborts.
 *
 * The same inputs give the same bits on every instruction set, thread count, slicing, alignment and compiler; where
 * PyTorch has the optimizer, those of torch.optim 1.13.1 on its baseline CPU kernels (NAdam and ASGD: see there). That
 * contract is numbered: DESCEND_NUMERICS_VERSION (docs/numerics.md). NaN is a class: its payload and sign are not
 * promised.
 *
 * Errors. Every check is made before the first write. A call that returns anything but DESCEND_OK has changed no byte.
 *
 * Thread safety. Every function may be called from any thread at any time, provided that no two calls under way write
 * the same elements. The caller's floating-point environment (rounding, flush to zero, exception masks and flags)
 * neither changes the result nor is changed.
 *
 * Hyperparameters are double, like Python's. A coefficient kept as float and promoted (0.999f) is another number than
 * 0.999: the result is then not PyTorch's.
 */
#ifndef DESCEND_DESCEND_H
#define DESCEND_DESCEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/status.h"

#define DESCEND_VERSION_MAJOR 0
#define DESCEND_VERSION_MINOR 1
#define DESCEND_VERSION_PATCH 0
#define DESCEND_NUMERICS_VERSION 1

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Element types of arrays. The functions of this header take float32 alone. */
typedef enum descend_dtype { DESCEND_F32 = 0, DESCEND_BF16 = 1, DESCEND_F16 = 2 } descend_dtype;

/* One English line without a full stop, for any value; static storage. */
const char *descend_status_string(descend_status status);

/* The version of the library that runs, "0.1.0"; static storage. */
const char *descend_version_string(void);

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

/*
 * Variants: "scalar" everywhere, "avx2" and "avx512" on x86-64, "neon" on aarch64. The best that can run here is chosen
 * at the first call, unless the environment variable DESCEND_ISA, read once, names one. An empty DESCEND_ISA counts as
 * unset; any other value that is not exactly the name of a variant that can run here makes every step return
 * DESCEND_NO_ISA, until descend_isa_force overrides it.
 */
const char *descend_isa_active(void);         /* the variant in use; "none" while DESCEND_ISA is in error */
size_t descend_isa_count(void);               /* variants in this binary */
const char *descend_isa_name(size_t index);   /* slowest first; NULL from descend_isa_count() on */
bool descend_isa_supported(const char *name); /* in this binary and able to run on this machine; false for NULL */

/* Use this variant from the next call on, in all threads. NULL: the best that can run here, whatever the environment
 * says. DESCEND_BAD_ISA: not such a variant, nothing changed. */
descend_status descend_isa_force(const char *name);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#include "descend/kinds.h" /* the optimizers */

#endif
