/* SPDX-License-Identifier: MIT */
#include "optimizer/job.h"

#include "run.h"

descend_status descend_job_check(struct job *job, const descend_exec *exec)
{
    static const descend_exec defaults;
    job->exec = exec ? exec : &defaults;
    if (job->optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (job->tensors.first > job->optimizer->tensors ||
        job->tensors.count > job->optimizer->tensors - job->tensors.first)
        return DESCEND_BAD_TENSOR;
    if ((job->kernels = descend_dispatch()) == NULL)
        return DESCEND_NO_ISA;
    return job->exec->slices > SLICES_MAX ? DESCEND_BAD_SLICE : descend_run_check(job->exec);
}

/* Of how many calls of the caller's this is one. */
static unsigned slices_of(const struct job *job)
{
    return job->exec->slices > 0 ? job->exec->slices : 1;
}

bool descend_job_begin(const struct job *job)
{
    const unsigned one = 4, call_bits = one - 1;
    unsigned begun = atomic_load_explicit(&job->optimizer->begun, memory_order_relaxed), with_this;
    do {
        if (begun != 0 && ((begun & call_bits) != job->call || begun / one >= slices_of(job)))
            return false;
        with_this = (begun | job->call) + one;
    } while (!atomic_compare_exchange_weak_explicit(&job->optimizer->begun, &begun, with_this, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

bool descend_job_end(const struct job *job)
{
    descend_optimizer *optimizer = job->optimizer;
    return atomic_fetch_add_explicit(&optimizer->done, 1, memory_order_acq_rel) + 1 == slices_of(job);
}

/* What the threads of descend_job_run share. */
struct walk {
    struct job *job;
    plan_grid *grid;
    plan_visit *visit;
};

static void walk_part(void *context, unsigned index, unsigned parts)
{
    const struct walk *walk = context;
    const struct plan_part part = {walk->job->tensors, index, parts};
    descend_plan_walk(walk->job->optimizer, &part, walk->grid, walk->visit, walk->job);
}

bool descend_job_run(struct job *job, plan_grid *grid, plan_visit *visit)
{
    struct walk walk = {job, grid, visit};
    return descend_job_begin(job) &&
           descend_run(walk_part, &walk, descend_plan_elements(job->optimizer, job->tensors), job->exec);
}
