/* SPDX-License-Identifier: MIT */
/* The calls that go over all tensors: step, zero_grad and measure. */
#include <math.h>
#include <string.h>

#include "cpu.h"
#include "dispatch.h"
#include "optimizer/plan.h"
#include "pass.h"
#include "random.h"

/* One call. */
struct job {
    descend_optimizer *optimizer;
    enum call call;
    const struct descend_kernels *kernels;
    const descend_exec *exec;
    descend_pass pass;
    float grad_scale;
    plan_grid *grid;
    plan_visit *visit;
    descend_status status;
    descend_measurement measurement;
};

/* The coefficients of a tensor, kept for the next tensors of the same group, step and scalar state. */
struct coefficients {
    struct descend_scalars scalars;
    struct descend_step_context at; /* step 0: none yet */
    float scalar;                   /* before the step */
    unsigned group, options;
    descend_status status;
};

/* Those of a few groups, since tensors of different groups mostly alternate (weights and biases). A group has its place
 * by its number. */
struct cache {
    struct coefficients of[4];
};

/* What one thread works with. */
struct part {
    const struct job *job;
    enum descend_pass_kind pass;
    struct cache cache;
};

static float scalar_of(const descend_optimizer *optimizer, const struct tensor *tensor)
{
    const struct descend_rule *rule = optimizer->rule;
    if (rule->advance == NULL || tensor->n == 0) /* it has no such state */
        return 0;
    if (tensor->initialised >> rule->array_count & 1)
        return *(const float *)tensor->state[rule->array_count].data;
    return rule->initial(optimizer->group[tensor->group].config.room, rule->array_count);
}

static const struct coefficients *coefficients_of(const descend_optimizer *optimizer, const struct tensor *tensor,
                                                  struct cache *cache)
{
    struct coefficients *const now = &cache->of[tensor->group % LENGTH(cache->of)];
    const struct descend_rule *rule = optimizer->rule;
    const struct group *group = &optimizer->group[tensor->group];
    const float scalar = scalar_of(optimizer, tensor);
    struct descend_step_context at = {.step = tensor->step + 1, .first = (group->used & ~tensor->initialised) != 0};
    if (now->at.step == at.step && now->at.first == at.first && now->group == tensor->group &&
        memcmp(&now->scalar, &scalar, sizeof scalar) == 0) /* +0 and -0 give different products */
        return now;
    if (rule->advance)
        at.scalar = rule->advance(group->config.room, at.step, scalar);
    *now = (struct coefficients){.at = at, .scalar = scalar, .group = tensor->group};
    now->status = descend_prepare(rule, group->config.room, &at, &now->scalars, &now->options);
    return now;
}

/* Sets the elements [begin, end) of a state to a value, to the nearest where it is not float32. */
static void fill(const struct descend_kernels *kernels, const descend_array *state, float value, size_t begin,
                 size_t end)
{
    float values[STORAGE_BLOCK];
    for (size_t i = 0; i < STORAGE_BLOCK; i++)
        values[i] = value;
    for (size_t i = begin, count; i < end; i += count) {
        count = end - i < STORAGE_BLOCK ? end - i : STORAGE_BLOCK;
        kernels->store(state->dtype, state->data, state->second, i, values, count);
    }
}

/* A state gets its start value in the first step that uses it, from the thread that does. */
static void initialise_states(const struct job *job, const struct tensor *tensor, size_t begin, size_t end)
{
    const descend_optimizer *optimizer = job->optimizer;
    const struct group *group = &optimizer->group[tensor->group];
    const unsigned fresh = group->used & ~tensor->initialised;
    for (size_t state = 0; state < optimizer->rule->array_count; state++)
        if (fresh >> state & 1) {
            const float initial = descend_rule_initial(optimizer->rule, group->config.room, state);
            fill(job->kernels, &tensor->state[state], initial, begin, end);
        }
}

/* How a tensor is stored, for the kernels; NULL where all is float32. */
static const struct descend_layout *layout_of(const descend_optimizer *optimizer, const struct tensor *tensor,
                                              struct descend_layout *layout)
{
    if (tensor->is_float32)
        return NULL;
    *layout = (struct descend_layout){
        .param = {tensor->param.dtype, tensor->param.second},
        .grad = tensor->grad.dtype,
        .step_key = random_step_key(optimizer->seed, tensor->name_hash, tensor->step + 1),
    };
    for (size_t i = 0; i < STATES_MAX; i++)
        layout->state[i] = (struct descend_stored){tensor->state[i].dtype, tensor->state[i].second};
    return layout;
}

static struct descend_update update_of(const struct job *job, const struct tensor *tensor,
                                       const struct coefficients *now, struct descend_layout *layout)
{
    const descend_optimizer *optimizer = job->optimizer;
    const descend_pass *pass = &job->pass;
    struct descend_update update = {.rule = optimizer->rule,
                                    .config = optimizer->group[tensor->group].config.room,
                                    .kernels = &job->kernels->rule[optimizer->rule->kind],
                                    .options = now->options,
                                    .scalars = now->scalars,
                                    .streams = {.param = tensor->param.data,
                                                .grad = tensor->grad.data,
                                                .first = tensor->first,
                                                .layout = layout_of(optimizer, tensor, layout),
                                                .zero = pass->zero_grad ? tensor->grad.data : NULL,
                                                .flush = pass->flush_subnormals,
                                                .copy = tensor->copy.data,
                                                .copy_type = tensor->copy.dtype},
                                    .extras = pass->zero_grad || pass->flush_subnormals || tensor->copy.data,
                                    .stored = job->kernels,
                                    .segments = tensor->segments,
                                    .norms = optimizer->table.norms + tensor->partial,
                                    .ratio = tensor->ratio};
    update.scalars.value[0] *= job->grad_scale; /* what every formula multiplies the gradient by */
    for (size_t i = 0; i < STATES_MAX; i++)
        update.streams.state[i] = tensor->state[i].data;
    return update;
}

static void step_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    struct part *part = context;
    const struct job *job = part->job;
    const descend_optimizer *optimizer = job->optimizer;
    const struct descend_rule *rule = optimizer->rule;
    const struct coefficients *now = coefficients_of(optimizer, tensor, &part->cache);
    if (now->at.first && part->pass == (rule->after_reduce ? PASS_REDUCE : PASS_STREAM))
        initialise_states(job, tensor, begin, end);
    struct descend_layout layout;
    const struct descend_update update = update_of(job, tensor, now, &layout);
    descend_update_pass(&update, part->pass, begin, end);
}

static void zero_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    (void)context;
    const size_t size = storage_size(tensor->grad.dtype);
    memset((char *)tensor->grad.data + begin * size, 0, (end - begin) * size);
}

static void measure_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    const struct job *job = ((const struct part *)context)->job;
    struct descend_squares *partial = job->optimizer->table.partial + tensor->partial;
    for (size_t i = descend_segment_at(&tensor->segments, begin), at = begin; at < end; i++) {
        const size_t next = descend_segment_begin(&tensor->segments, i + 1);
        partial[i] = job->kernels->squares(tensor->grad.dtype, tensor->grad.data, at, next);
        at = next;
    }
}

/* Part `index` of zero_grad and measure. */
static void walk(void *context, unsigned index, unsigned parts)
{
    const struct job *job = context;
    struct part part = {.job = job};
    descend_plan_walk(job->optimizer, index, parts, job->grid, job->visit, &part);
}

/* Part `index` of a pass of the step. */
static void step_part(void *context, enum descend_pass_kind pass, unsigned index, unsigned parts)
{
    const struct job *job = context;
    struct part part = {.job = job, .pass = pass};
    plan_grid *const grid = pass == PASS_REDUCE ? descend_plan_segments : descend_plan_blocks;
    descend_plan_walk(job->optimizer, index, parts, grid, step_visit, &part);
}

/* Of how many calls of the caller's this is one. */
static unsigned slices_of(const struct job *job)
{
    return job->exec->slices > 0 ? job->exec->slices : 1;
}

/* Counts this slice as begun. False where another call has been begun and not finished, or all slices of this one. */
static bool begin(const struct job *job)
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

/* Counts this slice as ended. True for the last one of the call, which then sees what all have written. */
static bool end(const struct job *job)
{
    descend_optimizer *optimizer = job->optimizer;
    return atomic_fetch_add_explicit(&optimizer->done, 1, memory_order_acq_rel) + 1 == slices_of(job);
}

/* The checks that step, zero_grad and measure share. */
static descend_status check_call(struct job *job, const descend_exec *exec)
{
    static const descend_exec defaults;
    job->exec = exec ? exec : &defaults;
    if (job->optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if ((job->kernels = descend_dispatch()) == NULL)
        return DESCEND_NO_ISA;
    return job->exec->slices > SLICES_MAX ? DESCEND_BAD_SLICE : descend_run_check(job->exec);
}

static descend_status check_pass(struct job *job)
{
    const double grad_scale = job->pass.grad_scale ? *job->pass.grad_scale : 1;
    for (size_t i = 0; i < LENGTH(job->pass.reserved); i++)
        if (job->pass.reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    job->grad_scale = (float)grad_scale;
    return grad_scale >= 0 && isfinite(job->grad_scale) ? DESCEND_OK : DESCEND_BAD_GRAD_SCALE;
}

/* Every coefficient of this step, before anything is written. */
static void check_step(void *context)
{
    struct job *job = context;
    const descend_optimizer *optimizer = job->optimizer;
    struct cache cache = {.of = {{.group = 0}}};
    job->status = check_pass(job);
    for (size_t t = 0; t < optimizer->tensors && job->status == DESCEND_OK; t++) {
        const struct tensor *tensor = &optimizer->table.tensor[t];
        if (tensor->grad.data != NULL)
            job->status = coefficients_of(optimizer, tensor, &cache)->status;
    }
}

static void find_ratios(void *context)
{
    const descend_optimizer *optimizer = ((const struct job *)context)->optimizer;
    for (size_t t = 0; t < optimizer->tensors; t++) {
        struct tensor *tensor = &optimizer->table.tensor[t];
        if (tensor->grad.data != NULL)
            tensor->ratio = descend_norm_ratio(optimizer->table.norms + tensor->partial, tensor->segments.count);
    }
}

static void count_step(void *context)
{
    descend_optimizer *optimizer = ((const struct job *)context)->optimizer;
    const struct descend_rule *rule = optimizer->rule;
    struct cache cache = {.of = {{.group = 0}}};
    for (size_t t = 0; t < optimizer->tensors; t++) {
        struct tensor *tensor = &optimizer->table.tensor[t];
        if (tensor->grad.data == NULL)
            continue;
        if (rule->advance && tensor->n > 0)
            *(float *)tensor->state[rule->array_count].data = coefficients_of(optimizer, tensor, &cache)->at.scalar;
        tensor->step++;
        tensor->initialised |= optimizer->group[tensor->group].used;
    }
}

descend_status descend_optimizer_step(descend_optimizer *optimizer, const descend_pass *pass, const descend_exec *exec)
{
    struct job job = {.optimizer = optimizer, .call = CALL_STEP};
    const descend_status status = check_call(&job, exec);
    if (status != DESCEND_OK)
        return status;
    if (optimizer->rule->after_reduce && job.exec->slices > 0)
        return DESCEND_NO_SLICES;
    if (pass)
        job.pass = *pass;
    descend_guarded(check_step, &job);
    if (job.status != DESCEND_OK)
        return job.status;
    const struct descend_pass_work work = {&job, step_part, find_ratios};
    if (!begin(&job) || !descend_passes(optimizer->rule, &work, optimizer->elements, job.exec))
        return DESCEND_UNFINISHED;
    if (!end(&job))
        return DESCEND_OK;
    descend_guarded(count_step, &job);
    return descend_optimizer_abandon(optimizer);
}

descend_status descend_optimizer_zero_grad(descend_optimizer *optimizer, const descend_exec *exec)
{
    struct job job = {.optimizer = optimizer, .call = CALL_ZERO_GRAD, .grid = descend_plan_blocks, .visit = zero_visit};
    const descend_status status = check_call(&job, exec);
    if (status != DESCEND_OK)
        return status;
    if (!begin(&job) || !descend_run(walk, &job, optimizer->elements, job.exec))
        return DESCEND_UNFINISHED;
    return end(&job) ? descend_optimizer_abandon(optimizer) : DESCEND_OK;
}

/* Adds up the segments of each tensor, then the tensors as they were added. */
static void combine(void *context)
{
    struct job *job = context;
    const descend_optimizer *optimizer = job->optimizer;
    double sum = 0;
    float max = 0;
    for (size_t number = 0; number < optimizer->tensors; number++) {
        const struct tensor *t = &optimizer->table.tensor[number];
        const struct descend_squares *partial = optimizer->table.partial + t->partial;
        double of_tensor = 0;
        if (t->grad.data == NULL)
            continue;
        for (size_t i = 0; i < t->segments.count; i++) {
            of_tensor += partial[i].sum;
            max = partial[i].max > max || isnan(partial[i].max) ? partial[i].max : max;
        }
        sum += of_tensor;
    }
    job->measurement = (descend_measurement){.norm = sqrt(sum), .norm_inf = max, .finite = isfinite(sum)};
}

descend_status descend_optimizer_measure(descend_optimizer *optimizer, const descend_exec *exec,
                                         descend_measurement *measurement)
{
    struct job job = {
        .optimizer = optimizer, .call = CALL_MEASURE, .grid = descend_plan_segments, .visit = measure_visit};
    const descend_status status = check_call(&job, exec);
    if (status != DESCEND_OK)
        return status;
    if (measurement == NULL)
        return DESCEND_NULL_MEASUREMENT;
    if (!begin(&job) || !descend_run(walk, &job, optimizer->elements, job.exec))
        return DESCEND_UNFINISHED;
    if (!end(&job))
        return DESCEND_OK;
    descend_guarded(combine, &job);
    *measurement = job.measurement;
    return descend_optimizer_abandon(optimizer);
}
