/* SPDX-License-Identifier: MIT */
/* The step over all tensors, or some. */
#include <math.h>
#include <string.h>

#include "cpu.h"
#include "optimizer/job.h"
#include "pass.h"
#include "random.h"

struct stepping {
    struct job job;
    descend_pass pass;
    float grad_scale;
    descend_status status;
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
    const struct stepping *stepping;
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
static void initialise_states(const struct stepping *stepping, const struct tensor *tensor, size_t begin, size_t end)
{
    const descend_optimizer *optimizer = stepping->job.optimizer;
    const struct group *group = &optimizer->group[tensor->group];
    const unsigned fresh = group->used & ~tensor->initialised;
    for (size_t state = 0; state < optimizer->rule->array_count; state++)
        if (fresh >> state & 1) {
            const float initial = descend_rule_initial(optimizer->rule, group->config.room, state);
            fill(stepping->job.kernels, &tensor->state[state], initial, begin, end);
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

static struct descend_update update_of(const struct stepping *stepping, const struct tensor *tensor,
                                       const struct coefficients *now, struct descend_layout *layout)
{
    const descend_optimizer *optimizer = stepping->job.optimizer;
    const descend_pass *pass = &stepping->pass;
    struct descend_update update = {.rule = optimizer->rule,
                                    .config = optimizer->group[tensor->group].config.room,
                                    .kernels = &stepping->job.kernels->rule[optimizer->rule->kind],
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
                                    .table = stepping->job.kernels,
                                    .segments = tensor->segments,
                                    .norms = optimizer->table.norms + tensor->partial,
                                    .ratio = tensor->ratio};
    update.scalars.value[0] *= stepping->grad_scale; /* what every formula multiplies the gradient by */
    for (size_t i = 0; i < STATES_MAX; i++)
        update.streams.state[i] = tensor->state[i].data;
    return update;
}

static void step_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    struct part *part = context;
    const struct stepping *stepping = part->stepping;
    const descend_optimizer *optimizer = stepping->job.optimizer;
    const struct descend_rule *rule = optimizer->rule;
    const struct coefficients *now = coefficients_of(optimizer, tensor, &part->cache);
    if (now->at.first && part->pass == (rule->after_reduce ? PASS_REDUCE : PASS_STREAM))
        initialise_states(stepping, tensor, begin, end);
    struct descend_layout layout;
    const struct descend_update update = update_of(stepping, tensor, now, &layout);
    descend_update_pass(&update, part->pass, begin, end);
}

/* Part `index` of a pass of the step. */
static void step_part(void *context, enum descend_pass_kind pass, unsigned index, unsigned parts)
{
    const struct job *job = &((const struct stepping *)context)->job;
    struct part part = {.stepping = context, .pass = pass};
    const struct plan_part which = {job->tensors, index, parts};
    plan_grid *const grid = pass == PASS_REDUCE ? descend_plan_segments : descend_plan_blocks;
    descend_plan_walk(job->optimizer, &which, grid, step_visit, &part);
}

static descend_status check_pass(struct stepping *stepping)
{
    const double grad_scale = stepping->pass.grad_scale ? *stepping->pass.grad_scale : 1;
    for (size_t i = 0; i < LENGTH(stepping->pass.reserved); i++)
        if (stepping->pass.reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    stepping->grad_scale = (float)grad_scale;
    return grad_scale >= 0 && isfinite(stepping->grad_scale) ? DESCEND_OK : DESCEND_BAD_GRAD_SCALE;
}

/* Every coefficient of this step, before anything is written. */
static void check_step(void *context)
{
    struct stepping *stepping = context;
    const struct job *job = &stepping->job;
    const descend_optimizer *optimizer = job->optimizer;
    struct cache cache = {.of = {{.group = 0}}};
    stepping->status = check_pass(stepping);
    for (size_t i = 0; i < job->tensors.count && stepping->status == DESCEND_OK; i++) {
        const struct tensor *tensor = &optimizer->table.tensor[job->tensors.first + i];
        if (tensor->grad.data != NULL)
            stepping->status = coefficients_of(optimizer, tensor, &cache)->status;
    }
}

static void find_ratios(void *context)
{
    const struct job *job = &((const struct stepping *)context)->job;
    const descend_optimizer *optimizer = job->optimizer;
    for (size_t i = 0; i < job->tensors.count; i++) {
        struct tensor *tensor = &optimizer->table.tensor[job->tensors.first + i];
        if (tensor->grad.data != NULL)
            tensor->ratio = descend_norm_ratio(optimizer->table.norms + tensor->partial, tensor->segments.count);
    }
}

static void count_step(void *context)
{
    const struct job *job = &((const struct stepping *)context)->job;
    descend_optimizer *optimizer = job->optimizer;
    const struct descend_rule *rule = optimizer->rule;
    struct cache cache = {.of = {{.group = 0}}};
    for (size_t i = 0; i < job->tensors.count; i++) {
        struct tensor *tensor = &optimizer->table.tensor[job->tensors.first + i];
        if (tensor->grad.data == NULL)
            continue;
        if (rule->advance && tensor->n > 0)
            *(float *)tensor->state[rule->array_count].data = coefficients_of(optimizer, tensor, &cache)->at.scalar;
        tensor->step++;
        tensor->initialised |= optimizer->group[tensor->group].used;
    }
}

/* All checks of a step. */
static descend_status check_all(struct stepping *stepping, const descend_pass *pass, const descend_exec *exec)
{
    struct job *job = &stepping->job;
    const descend_status status = descend_job_check(job, exec);
    if (status != DESCEND_OK)
        return status;
    if (job->optimizer->rule->after_reduce && job->exec->slices > 0)
        return DESCEND_NO_SLICES;
    if (pass)
        stepping->pass = *pass;
    descend_guarded(check_step, stepping);
    return stepping->status;
}

descend_status descend_optimizer_check(descend_optimizer *optimizer, const descend_pass *pass, const descend_exec *exec)
{
    struct stepping stepping = {.job = {.optimizer = optimizer}};
    stepping.job.tensors.count = descend_optimizer_tensor_count(optimizer);
    const descend_status status = check_all(&stepping, pass, exec);
    return status == DESCEND_OK ? descend_object_check(optimizer) : status;
}

descend_status descend_optimizer_step_tensors(descend_optimizer *optimizer, size_t tensor, size_t count,
                                              const descend_pass *pass, const descend_exec *exec)
{
    struct stepping stepping = {.job = {.optimizer = optimizer, .call = CALL_STEP, .tensors = {tensor, count}}};
    const struct job *job = &stepping.job;
    const descend_status status = check_all(&stepping, pass, exec);
    if (status != DESCEND_OK)
        return status;
    const struct descend_pass_work work = {&stepping, step_part, find_ratios};
    const size_t elements = descend_plan_elements(optimizer, job->tensors);
    if (!descend_job_begin(job) || !descend_passes(optimizer->rule, &work, elements, job->exec))
        return DESCEND_UNFINISHED;
    if (!descend_job_end(job))
        return DESCEND_OK;
    descend_guarded(count_step, &stepping);
    return descend_optimizer_abandon(optimizer);
}

descend_status descend_optimizer_step(descend_optimizer *optimizer, const descend_pass *pass, const descend_exec *exec)
{
    return descend_optimizer_step_tensors(optimizer, 0, descend_optimizer_tensor_count(optimizer), pass, exec);
}
