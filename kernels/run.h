/* Who does the work of one call: the calling thread, OpenMP's threads, or the caller's own pool. */
#ifndef DESCEND_RUN_H
#define DESCEND_RUN_H

#include "descend/descend.h"

enum { BLOCK = 4096 }; /* the work grid, in elements */

/* DESCEND_OK if its fields go together. */
descend_status descend_run_check(const descend_exec *exec);

/* Into how many tasks a call on n elements is to be split; 0 when the calling thread does all of it, or its slice. */
unsigned descend_run_tasks(size_t n, const descend_exec *exec);

/* Runs the tasks (at least 1), each of which guards its own thread's floating-point environment. To be called with the
 * caller's environment in force: threads that OpenMP starts here inherit it, and the caller's run is the caller's. */
void descend_run(descend_task *task, void *work, unsigned tasks, const descend_exec *exec);

#endif
