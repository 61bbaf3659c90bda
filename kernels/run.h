/* SPDX-License-Identifier: MIT */
/* Which threads do the work of one call: the calling one, OpenMP's, or those of the caller's pool. */
#ifndef DESCEND_RUN_H
#define DESCEND_RUN_H

#include <stdbool.h>

#include "descend/descend.h"

enum { BLOCK = 4096 }; /* the work grid, in elements */

/* Checks the fields of exec. */
descend_status descend_run_check(const descend_exec *exec);

/* The number of tasks that a call on n elements is split into; 0 where the calling thread does all of it, or a
 * slice. To be called guarded (cpu.h). */
unsigned descend_run_tasks(size_t n, const descend_exec *exec);

/* Does part `index` of the `parts` equal parts of a call's work. */
typedef void descend_part(void *work, unsigned index, unsigned parts);

/* Does it guarded (cpu.h). */
void descend_run_part(descend_part *part, void *work, unsigned index, unsigned parts);

/*
 * Does all parts of a call on n elements, in as many threads as exec asks for, or the one part that is the slice of
 * exec; each part guarded (cpu.h). To be called unguarded, in the caller's floating-point environment: threads that
 * OpenMP starts here inherit its rounding and flush to zero, and the caller's run expects it. Returns whether all of
 * that was done: a caller's run may have returned without having called every task once.
 */
bool descend_run(descend_part *part, void *work, size_t n, const descend_exec *exec);

#endif
