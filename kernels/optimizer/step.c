/* What goes over all tensors at once: the step, zero_grad, and the measuring pass. */
#include <math.h>
#include <string.h>

#include "cpu.h"
#include "dispatch.h"
#include "plan.h"
#include "run.h"

/* One of them, under way. */
struct job {
    descend_optimizer *optimizer;
    const struct descend_kernels *kernels;
    descend_pass pass;
    plan_grid *grid;
    plan_visit *visit;
    unsigned parts;
};

/* The coefficients of a tensor; they serve the next one too if it has the same group and step. */
struct coefficients {
    struct descend_scalars scalars;
    struct descend_point at; /* step 0: none yet */
    unsigned group, options;
};

/* What one thread works with. */
struct part {
    const struct job *job;
    struct coefficients now;
};

static descend_status coefficients_of(const descend_optimizer *optimizer, const struct tensor *tensor,
                                      struct coefficients *now)
{
    const struct group *group = &optimizer->group[tensor->group];
    const struct descend_point at = {.step = tensor->step + 1, .first = (group->used & ~tensor->begun) != 0};
    if (now->at.step == at.step && now->at.first == at.first && now->group == tensor->group)
        return DESCEND_OK;
    *now = (struct coefficients){.at = at, .group = tensor->group};
    return descend_prepare(row_of(optimizer), group->config, &at, &now->scalars, &now->options);
}

/* A state gets its start value in the first step that uses it, from the thread that does. */
static void begin_states(const descend_optimizer *optimizer, const struct tensor *tensor, size_t begin, size_t end)
{
    const struct group *group = &optimizer->group[tensor->group];
    const unsigned fresh = group->used & ~tensor->begun;
    for (size_t state = 0; state < STATES_MAX; state++)
        if (fresh >> state & 1) {
            const float initial = row_of(optimizer)->initial(group->config, state);
            for (size_t i = begin; i < end; i++)
                tensor->state[state][i] = initial;
        }
}

static void step_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    struct part *part = context;
    const descend_optimizer *optimizer = part->job->optimizer;
    const descend_pass *pass = &part->job->pass;
    const bool full = pass->grad_scale != 1 || pass->zero_grad || pass->flush_subnormals || tensor->copy != NULL;
    struct descend_streams streams = {.param = tensor->param,
                                      .grad = tensor->grad,
                                      .grad_scale = (float)pass->grad_scale,
                                      .flush = pass->flush_subnormals,
                                      .zero = pass->zero_grad ? tensor->grad : NULL,
                                      .copy = tensor->copy,
                                      .copy_type = tensor->copy_type};
    for (size_t i = 0; i < STATES_MAX; i++)
        streams.state[i] = tensor->state[i];
    if (coefficients_of(optimizer, tensor, &part->now) != DESCEND_OK)
        return; /* cannot be: check_step has seen them all */
    if (part->now.at.first)
        begin_states(optimizer, tensor, begin, end);
    part->job->kernels->kernel[optimizer->index][LAYOUT_f32][full ? BODY_FULL : BODY_BARE][part->now.options](
        &part->now.scalars, &streams, begin, end);
}

static void zero_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    (void)context;
    memset(tensor->grad + begin, 0, (end - begin) * sizeof *tensor->grad);
}

static void measure_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    const struct job *job = ((const struct part *)context)->job;
    const size_t segment = descend_plan_segment(tensor->n);
    for (size_t i = begin; i < end; i += segment)
        job->optimizer->table.partial[tensor->partial + i / segment] =
            job->kernels->squares(tensor->grad, i, end - i < segment ? end : i + segment);
}

/* Not inlined: it computes, and its caller writes the floating-point control register. */
__attribute__((noinline)) static void walk(const struct job *job, unsigned index)
{
    struct part part = {.job = job};
    descend_plan_walk(job->optimizer, index, job->parts, job->grid, job->visit, &part);
}

static void task(void *work, unsigned index)
{
    const struct descend_fp_state callers = descend_fp_enter();
    walk(work, index);
    descend_fp_leave(callers);
}

/* Does the work, or the calling thread's slice of it. True if all of it has been done, and this is the call to say so:
 * of slices, the one that ends last. */
static bool run(struct job *job, const descend_exec *exec)
{
    const unsigned tasks = descend_run_tasks(job->optimizer->elements, exec);
    job->parts = exec->slices > 0 ? exec->slices : tasks > 0 ? tasks : 1;
    if (tasks > 0)
        descend_run(task, job, tasks, exec);
    else
        task(job, exec->slice);
    if (exec->slices == 0)
        return true;
    if (atomic_fetch_add_explicit(&job->optimizer->slices_done, 1, memory_order_acq_rel) + 1 < exec->slices)
        return false;
    atomic_store_explicit(&job->optimizer->slices_done, 0, memory_order_release);
    return true;
}

/* What all three of them check; *exec becomes the defaults where it is NULL. */
static descend_status begin(struct job *job, const descend_exec **exec)
{
    static const descend_exec defaults;
    *exec = *exec ? *exec : &defaults;
    if (job->optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if ((job->kernels = descend_dispatch()) == NULL)
        return DESCEND_NO_ISA;
    return descend_run_check(*exec);
}

static descend_status check_pass(descend_pass *pass)
{
    for (size_t i = 0; i < sizeof pass->reserved / sizeof *pass->reserved; i++)
        if (pass->reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    if (!(pass->grad_scale >= 0 && isfinite((float)pass->grad_scale)))
        return DESCEND_BAD_GRAD_SCALE;
    if (pass->grad_scale == 0)
        pass->grad_scale = 1;
    return DESCEND_OK;
}

/* Every coefficient of this step, before anything is written. Not inlined, as above. */
__attribute__((noinline)) static descend_status check_step(struct job *job)
{
    const descend_optimizer *optimizer = job->optimizer;
    struct coefficients now = {.group = 0};
    descend_status status = check_pass(&job->pass);
    for (size_t place = 0; place < optimizer->tensors && status == DESCEND_OK; place++) {
        const struct tensor *tensor = &optimizer->table.tensor[optimizer->table.order[place]];
        if (tensor->grad != NULL)
            status = coefficients_of(optimizer, tensor, &now);
    }
    return status;
}

static void count_step(descend_optimizer *optimizer)
{
    for (size_t t = 0; t < optimizer->tensors; t++) {
        struct tensor *tensor = &optimizer->table.tensor[t];
        if (tensor->grad != NULL) {
            tensor->step++;
            tensor->begun |= optimizer->group[tensor->group].used;
        }
    }
}

descend_status descend_optimizer_step(descend_optimizer *optimizer, const descend_pass *pass, const descend_exec *exec)
{
    struct job job = {.optimizer = optimizer, .grid = descend_plan_block, .visit = step_visit};
    descend_status status = begin(&job, &exec);
    if (status != DESCEND_OK)
        return status;
    if (pass)
        job.pass = *pass;
    const struct descend_fp_state callers = descend_fp_enter();
    status = check_step(&job);
    descend_fp_leave(callers);
    if (status == DESCEND_OK && run(&job, exec))
        count_step(optimizer);
    return status;
}

descend_status descend_optimizer_zero_grad(descend_optimizer *optimizer, const descend_exec *exec)
{
    struct job job = {.optimizer = optimizer, .grid = descend_plan_block, .visit = zero_visit};
    const descend_status status = begin(&job, &exec);
    if (status == DESCEND_OK)
        (void)run(&job, exec);
    return status;
}

/* Adds up the segments of each tensor, then the tensors as they were added. Not inlined, as above. */
__attribute__((noinline)) static descend_measurement combine(const descend_optimizer *optimizer)
{
    double sum = 0;
    float max = 0;
    for (size_t number = 0; number < optimizer->tensors; number++) {
        const struct tensor *t = &optimizer->table.tensor[number];
        const struct descend_squares *partial = optimizer->table.partial + t->partial;
        double of_tensor = 0;
        if (t->grad == NULL)
            continue;
        for (size_t i = 0; i < descend_plan_segments(t->n); i++) {
            of_tensor += partial[i].sum;
            max = partial[i].max > max || isnan(partial[i].max) ? partial[i].max : max;
        }
        sum += of_tensor;
    }
    return (descend_measurement){.norm = sqrt(sum), .norm_inf = max, .finite = isfinite(sum)};
}

descend_status descend_optimizer_measure(descend_optimizer *optimizer, const descend_exec *exec,
                                         descend_measurement *measurement)
{
    struct job job = {.optimizer = optimizer, .grid = descend_plan_segment, .visit = measure_visit};
    const descend_status status = begin(&job, &exec);
    if (status != DESCEND_OK)
        return status;
    if (measurement == NULL)
        return DESCEND_NULL_MEASUREMENT;
    if (run(&job, exec)) {
        const struct descend_fp_state callers = descend_fp_enter();
        *measurement = combine(optimizer);
        descend_fp_leave(callers);
    }
    return DESCEND_OK;
}
