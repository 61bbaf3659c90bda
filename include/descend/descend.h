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

#include "descend/exec.h"
#include "descend/kinds.h"
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

/* One English line without a full stop, for any value; static storage. */
const char *descend_status_string(descend_status status);

/* The version of the library that runs, "0.1.0"; static storage. */
const char *descend_version_string(void);

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

#endif
