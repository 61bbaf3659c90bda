/* SPDX-License-Identifier: MIT */
/* A call that goes over consecutive tensors, by threads, by a caller's run, or slice by slice. */
#ifndef DESCEND_JOB_H
#define DESCEND_JOB_H

#include "dispatch.h"
#include "optimizer/plan.h"

struct job {
    descend_optimizer *optimizer;
    enum call call;
    struct range tensors;
    const descend_exec *exec;
    const struct descend_kernels *kernels;
};

/* Checks what step, zero_grad and measure have in common, and fills in what the checked job is. exec may be NULL. */
descend_status descend_job_check(struct job *job, const descend_exec *exec);

/* Counts a slice of the call as begun. False where another call has been begun and not finished, or all slices of this
 * one. */
bool descend_job_begin(const struct job *job);

/* Counts it as ended. True for the last one of the call, which then sees what all have written. */
bool descend_job_end(const struct job *job);

/* Begins the call and calls visit for all its elements; false where it was not begun or not finished. job is visit's
 * context. */
bool descend_job_run(struct job *job, plan_grid *grid, plan_visit *visit);

#endif
