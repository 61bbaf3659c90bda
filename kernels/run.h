/* Who does the work of one call: the calling thread, OpenMP's threads, or the caller's own pool. */
#ifndef DESCEND_RUN_H
#define DESCEND_RUN_H

#include "descend/descend.h"
#include "kernels.h"

/* One call whose arguments have been found good. */
struct descend_job {
    descend_kernel *kernel;
    const void *scalars;
    const struct descend_streams *streams;
    size_t n;
};

/* Into how many tasks the call is to be split; 0 when the calling thread does all of it. */
unsigned descend_run_tasks(size_t n, const descend_exec *exec);

/* Runs the tasks (at least 1), each under its own thread's guarded floating-point environment. To be called with the
 * caller's environment in force: threads that OpenMP starts here inherit it, and the caller's run is the caller's. */
void descend_run(const struct descend_job *job, unsigned tasks, const descend_exec *exec);

#endif
