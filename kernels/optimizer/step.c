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
    bool second; /* of two phases */
};

/* The coefficients of a tensor; they serve the next one too if it has the same group, step and scalar state. */
struct coefficients {
    struct descend_scalars scalars;
    struct descend_point at; /* step 0: none yet */
    float scalar;            /* before the step */
    unsigned group, options;
};

/* What one thread works with. */
struct part {
    const struct job *job;
    struct coefficients now;
};

static float scalar_of(const descend_optimizer *optimizer, const struct tensor *tensor)
{
    const struct descend_row *row = row_of(optimizer);
    if (row->advance == NULL || tensor->n == 0) /* it has no such state */
        return 0;
    if (tensor->begun >> row->arrays & 1)
        return *tensor->state[row->arrays];
    return row->initial(optimizer->group[tensor->group].config, row->arrays);
}

static descend_status coefficients_of(const descend_optimizer *optimizer, const struct tensor *tensor,
                                      struct coefficients *now)
{
    const struct descend_row *row = row_of(optimizer);
    const struct group *group = &optimizer->group[tensor->group];
    const float scalar = scalar_of(optimizer, tensor);
    struct descend_point at = {.step = tensor->step + 1, .first = (group->used & ~tensor->begun) != 0};
    if (now->at.step == at.step && now->at.first == at.first && now->group == tensor->group && now->scalar == scalar)
        return DESCEND_OK;
    if (row->advance)
        at.scalar = row->advance(group->config, at.step, scalar);
    *now = (struct coefficients){.at = at, .scalar = scalar, .group = tensor->group};
    return descend_prepare(row, group->config, &at, &now->scalars, &now->options);
}

/* A state gets its start value in the first step that uses it, from the thread that does. */
static void begin_states(const descend_optimizer *optimizer, const struct tensor *tensor, size_t begin, size_t end)
{
    const struct group *group = &optimizer->group[tensor->group];
    const unsigned fresh = group->used & ~tensor->begun;
    for (size_t state = 0; state < row_of(optimizer)->arrays; state++)
        if (fresh >> state & 1) {
            const float initial = row_of(optimizer)->initial(group->config, state);
            for (size_t i = begin; i < end; i++)
                tensor->state[state][i] = initial;
        }
}

static struct descend_streams streams_of(const struct tensor *tensor, const descend_pass *pass)
{
    struct descend_streams streams = {.param = tensor->param,
                                      .grad = tensor->grad,
                                      .grad_scale = (float)pass->grad_scale,
                                      .flush = pass->flush_subnormals,
                                      .zero = pass->zero_grad ? tensor->grad : NULL,
                                      .copy = tensor->copy,
                                      .copy_type = tensor->copy_type};
    for (size_t i = 0; i < STATES_MAX; i++)
        streams.state[i] = tensor->state[i];
    return streams;
}

static descend_kernel *kernel_of(const struct job *job, const struct tensor *tensor, unsigned options)
{
    const descend_pass *pass = &job->pass;
    const bool full = pass->grad_scale != 1 || pass->zero_grad || pass->flush_subnormals || tensor->copy != NULL;
    return job->kernels->kernel[job->optimizer->index][LAYOUT_f32][full ? BODY_FULL : BODY_BARE][options];
}

static void step_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    struct part *part = context;
    const struct job *job = part->job;
    const descend_optimizer *optimizer = job->optimizer;
    const struct descend_streams streams = streams_of(tensor, &job->pass);
    if (coefficients_of(optimizer, tensor, &part->now) != DESCEND_OK)
        return; /* cannot be: check_step has seen them all */
    unsigned options = part->now.options;
    if (job->second) {
        row_of(optimizer)->second(optimizer->group[tensor->group].config, tensor->ratio, &part->now.scalars);
        options |= SECOND_PHASE;
    } else if (part->now.at.first) {
        begin_states(optimizer, tensor, begin, end);
    }
    kernel_of(job, tensor, options)(&part->now.scalars, &streams, begin, end);
}

/* The first of two phases. */
static void first_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    struct part *part = context;
    const struct job *job = part->job;
    const size_t segment = descend_segment(tensor->n);
    struct descend_streams streams = streams_of(tensor, &job->pass);
    if (coefficients_of(job->optimizer, tensor, &part->now) != DESCEND_OK)
        return; /* cannot be, as above */
    if (part->now.at.first)
        begin_states(job->optimizer, tensor, begin, end);
    for (size_t i = begin; i < end; i += segment) {
        streams.norms = &job->optimizer->table.norms[tensor->partial + i / segment];
        kernel_of(job, tensor, part->now.options)(&part->now.scalars, &streams, i,
                                                  end - i < segment ? end : i + segment);
    }
}

static void zero_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    (void)context;
    memset(tensor->grad + begin, 0, (end - begin) * sizeof *tensor->grad);
}

static void measure_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    const struct job *job = ((const struct part *)context)->job;
    const size_t segment = descend_segment(tensor->n);
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

/* Between two phases. Not inlined, as above. */
__attribute__((noinline)) static void find_ratios(const descend_optimizer *optimizer)
{
    for (size_t t = 0; t < optimizer->tensors; t++) {
        struct tensor *tensor = &optimizer->table.tensor[t];
        if (tensor->grad != NULL)
            tensor->ratio = descend_norm_ratio(optimizer->table.norms + tensor->partial, descend_segments(tensor->n));
    }
}

static void first_phase(struct job *job, const descend_exec *exec)
{
    struct job first = *job;
    first.grid = descend_segment;
    first.visit = first_visit;
    (void)run(&first, exec);
    const struct descend_fp_state callers = descend_fp_enter();
    find_ratios(job->optimizer);
    descend_fp_leave(callers);
    job->second = true;
}

/* Not inlined, as above. */
__attribute__((noinline)) static void count_step(descend_optimizer *optimizer)
{
    const struct descend_row *row = row_of(optimizer);
    struct coefficients now = {.group = 0};
    for (size_t t = 0; t < optimizer->tensors; t++) {
        struct tensor *tensor = &optimizer->table.tensor[t];
        if (tensor->grad == NULL)
            continue;
        if (row->advance && tensor->n > 0 && coefficients_of(optimizer, tensor, &now) == DESCEND_OK)
            *tensor->state[row->arrays] = now.at.scalar;
        tensor->step++;
        tensor->begun |= optimizer->group[tensor->group].used;
    }
}

descend_status descend_optimizer_step(descend_optimizer *optimizer, const descend_pass *pass, const descend_exec *exec)
{
    struct job job = {.optimizer = optimizer, .grid = descend_plan_block, .visit = step_visit};
    descend_status status = begin(&job, &exec);
    if (status != DESCEND_OK)
        return status;
    if (row_of(optimizer)->second && exec->slices > 0)
        return DESCEND_NO_SLICES;
    if (pass)
        job.pass = *pass;
    const struct descend_fp_state callers = descend_fp_enter();
    status = check_step(&job);
    descend_fp_leave(callers);
    if (status != DESCEND_OK)
        return status;
    if (row_of(optimizer)->second)
        first_phase(&job, exec);
    if (run(&job, exec)) {
        const struct descend_fp_state again = descend_fp_enter();
        count_step(optimizer);
        descend_fp_leave(again);
    }
    return DESCEND_OK;
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
        for (size_t i = 0; i < descend_segments(t->n); i++) {
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
    struct job job = {.optimizer = optimizer, .grid = descend_segment, .visit = measure_visit};
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
