/* SPDX-License-Identifier: MIT */
/*
 * descend: fused single-pass optimizer updates over flat float32 arrays.
 *
 * One call is one optimizer step over one parameter array of n elements. Parameter, gradient and state arrays all
 * belong to the caller; the library allocates nothing, prints nothing and never aborts.
 *
 * The same inputs give the same bits with every instruction set, number of threads, slicing, alignment and compiler.
 * Where PyTorch has the optimizer, these are the bits of torch.optim 1.13.1 with its baseline CPU kernels (exceptions:
 * NAdam and ASGD, see kinds.h). This contract has a number, DESCEND_NUMERICS_VERSION (docs/numerics.md). Payload and
 * sign of a NaN are not part of it.
 *
 * Errors. Every check is made before the first write: a call that returns anything but DESCEND_OK has changed no byte.
 * There is one exception, DESCEND_UNFINISHED: descend_exec.run did not do all tasks, so only a part of the elements has
 * been updated.
 *
 * Thread safety. Every function may be called from any thread at any time, as long as no two calls write the same
 * elements at the same time. The caller's floating-point environment (rounding, flush to zero, exception masks and
 * flags) neither affects the result nor is changed.
 *
 * Hyperparameters are double, like Python's floats. A float converted to double (0.999f) is not the number 0.999, and
 * the result would not be PyTorch's.
 */
#ifndef DESCEND_DESCEND_H
#define DESCEND_DESCEND_H

#include <stdbool.h>
#include <stddef.h>

#include "descend/exec.h"
#include "descend/kinds.h"
#include "descend/status.h"

/* The version of these headers, and that of the numerics contract (docs/numerics.md). */
#define DESCEND_VERSION_MAJOR 0
#define DESCEND_VERSION_MINOR 1
#define DESCEND_VERSION_PATCH 0
#define DESCEND_NUMERICS_VERSION 2

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* What a status says: one line of English without a full stop, for any value. Static storage. */
const char *descend_status_string(descend_status status);

/* The version of the library that the program runs with, "0.1.0". Static storage. */
const char *descend_version_string(void);

/*
 * Variants of the kernels: "scalar" everywhere, "avx2" and "avx512" on x86-64, "neon" on aarch64. The first call
 * chooses the best one that can run on this machine, unless the environment variable DESCEND_ISA, which is read once,
 * names another. An empty DESCEND_ISA counts as unset. A program that runs with other rights than its user's (setuid)
 * does not read DESCEND_ISA. With any other value that is not exactly the name of a variant that can run, every step
 * returns DESCEND_NO_ISA until descend_isa_force overrides it.
 */
const char *descend_isa_active(void);         /* the variant in use; "none" while DESCEND_ISA is in error */
size_t descend_isa_count(void);               /* the number of variants in this binary */
const char *descend_isa_name(size_t index);   /* slowest first; NULL for index >= descend_isa_count() */
bool descend_isa_supported(const char *name); /* in this binary and able to run on this machine; false for NULL */

/* Makes all threads use this variant from their next call on. NULL: the best one that can run on this machine, whatever
 * DESCEND_ISA says. DESCEND_BAD_ISA: no variant of this name can run here; nothing has changed. */
descend_status descend_isa_force(const char *name);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
