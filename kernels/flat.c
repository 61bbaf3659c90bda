/* SPDX-License-Identifier: MIT */
#include "flat.h"

#include <math.h>
#include <stdalign.h>

#include "cpu.h"
#include "dispatch.h"
#include "pass.h"
#include "rule.h"

/* One call: its arguments, and what the checks derive from them. */
struct flat {
    struct descend_step_context at;
    size_t n;
    const descend_exec *exec;
    struct descend_update update; /* config and streams are the caller's */
    descend_status status;
    bool done; /* no pass is left to make */
};

/* The arrays in use: param, grad, the state arrays of the mask, and unchanged if it is not NULL. */
static descend_status check_arrays(const struct descend_streams *streams, unsigned states, const float *unchanged,
                                   size_t n)
{
    const size_t bytes = n * sizeof(float);
    uintptr_t start[3 + STATES_MAX] = {(uintptr_t)streams->param, (uintptr_t)streams->grad};
    size_t count = 2;
    if (unchanged)
        start[count++] = (uintptr_t)unchanged;
    for (size_t i = 0; i < STATES_MAX; i++)
        if (states >> i & 1)
            start[count++] = (uintptr_t)streams->state[i];

    if (n > PTRDIFF_MAX / sizeof(float))
        return DESCEND_BAD_N;
    for (size_t i = 0; i < count; i++) {
        if (start[i] == 0)
            return DESCEND_NULL_ARRAY;
        if (start[i] % alignof(float) != 0)
            return DESCEND_MISALIGNED;
        if (start[i] > UINTPTR_MAX - bytes)
            return DESCEND_BAD_N;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (start[i] < start[j] + bytes && start[j] < start[i] + bytes)
                return DESCEND_OVERLAP;
    return DESCEND_OK;
}

static descend_status check(struct flat *flat)
{
    struct descend_update *update = &flat->update;
    const struct descend_kernels *kernels = descend_dispatch();
    descend_status status;
    if (kernels == NULL)
        return DESCEND_NO_ISA;
    if (update->config == NULL)
        return DESCEND_NULL_CONFIG;
    if ((status = descend_run_check(flat->exec)) != DESCEND_OK)
        return status;
    if (update->rule->after_reduce && flat->exec->slices > 0)
        return DESCEND_NO_SLICES;
    status = descend_prepare(update->rule, update->config, &flat->at, &update->scalars, &update->options);
    if (status != DESCEND_OK || flat->n == 0)
        return status;
    update->kernels = &kernels->rule[update->rule->kind];
    const struct state_use use = update->rule->used(update->options);
    update->table = kernels;
    return check_arrays(&update->streams, use.read | use.written, update->unchanged, flat->n);
}

/* Checks the call, and where a single pass by the calling thread is all its work, makes that too: to enter the guard
 * once instead of twice counts on short arrays. */
static void check_and_stream(void *context)
{
    struct flat *flat = context;
    size_t begin, end;
    flat->status = check(flat);
    flat->done = flat->status != DESCEND_OK || flat->n == 0;
    if (flat->done || flat->update.rule->after_reduce || descend_run_tasks(flat->n, flat->exec) > 0)
        return;
    descend_slice(flat->n, flat->exec->slice, flat->exec->slices, &begin, &end);
    descend_update_pass(&flat->update, PASS_STREAM, begin, end);
    flat->done = true;
}

static void part(void *context, enum descend_pass_kind pass, unsigned index, unsigned parts)
{
    const struct flat *flat = context;
    const struct descend_segments *segments = &flat->update.segments;
    const uint64_t count = segments->count; /* times the parts it may not fit in a size_t of 32 bits */
    size_t begin, end;
    if (pass == PASS_REDUCE) {
        begin = descend_segment_begin(segments, (size_t)(count * index / parts));
        end = descend_segment_begin(segments, (size_t)(count * (index + 1) / parts));
    } else {
        descend_slice(flat->n, index, parts, &begin, &end);
    }
    descend_update_pass(&flat->update, pass, begin, end);
}

static void find_ratio(void *context)
{
    struct descend_update *update = &((struct flat *)context)->update;
    update->ratio = descend_norm_ratio(update->norms, update->segments.count);
}

static bool passes(struct flat *flat)
{
    struct descend_norms norms[SEGMENTS_MAX];
    flat->update.segments = descend_segments_of(flat->n, 0, flat->n);
    flat->update.norms = norms;
    return descend_passes(flat->update.rule, &(struct descend_pass_work){flat, part, find_ratio}, flat->n, flat->exec);
}

/* The arguments of a step; at, param and unchanged are the caller's to set. */
static void begin(struct flat *flat, const struct descend_rule *rule, const void *config, const float *grad,
                  float *const state[], size_t n, const descend_exec *exec)
{
    static const descend_exec defaults;
    flat->n = n;
    flat->exec = exec ? exec : &defaults;
    flat->update.rule = rule;
    flat->update.config = config;
    flat->update.extras = false;
    flat->update.streams.grad = grad;
    flat->update.streams.layout = NULL;
    for (size_t i = 0; i < STATES_MAX; i++) /* of constant length: gcc makes the shorter loop a call of memcpy */
        flat->update.streams.state[i] = state && i < rule->array_count ? state[i] : NULL;
    if (rule->advance && state && state[rule->array_count])
        flat->at.scalar = *state[rule->array_count];
}

/* Makes all checks, then the step. */
static descend_status make(struct flat *flat)
{
    descend_guarded(check_and_stream, flat);
    if (!flat->done && !passes(flat))
        return DESCEND_UNFINISHED;
    return flat->status;
}

descend_status descend_flat_step(const struct descend_rule *rule, const void *config, uint64_t step, float *param,
                                 const float *grad, float *const state[], size_t n, const descend_exec *exec)
{
    struct flat flat;
    flat.at = (struct descend_step_context){.step = step, .first = step == 1};
    flat.update.streams.param = param;
    flat.update.unchanged = NULL;
    begin(&flat, rule, config, grad, state, n, exec);
    return make(&flat);
}

struct advance {
    const struct descend_rule *rule;
    const void *config;
    uint64_t step;
    float scalar; /* before, then through the step */
};

static void advance(void *context)
{
    struct advance *a = context;
    a->scalar = a->rule->advance(a->config, a->step, a->scalar);
}

float descend_flat_advance(const struct descend_rule *rule, const void *config, uint64_t step, float previous)
{
    struct advance a = {rule, config, step, previous};
    if (config == NULL)
        return NAN;
    descend_guarded(advance, &a);
    return a.scalar;
}

/* begin and make, with a config of any kind. */
static descend_status make_any(struct flat *flat, const descend_config *config, const float *grad, float *const state[],
                               size_t n, const descend_exec *exec)
{
    if (config == NULL)
        return DESCEND_NULL_CONFIG;
    const struct descend_rule *rule = descend_rule_find(config->kind);
    if (rule == NULL)
        return DESCEND_BAD_KIND;
    if (n > 0 && rule->state_count > 0 && (state == NULL || (rule->advance && state[rule->array_count] == NULL)))
        return DESCEND_NULL_ARRAY;
    if (n > 0 && rule->advance && (uintptr_t)state[rule->array_count] % alignof(float) != 0)
        return DESCEND_MISALIGNED;
    begin(flat, rule, config->room, grad, n > 0 ? state : NULL, n, exec);
    return make(flat);
}

descend_status descend_step(const descend_config *config, uint64_t step, float *param, const float *grad,
                            float *const state[], size_t n, const descend_exec *exec)
{
    struct flat flat;
    flat.at = (struct descend_step_context){.step = step, .first = step == 1};
    flat.update.streams.param = param;
    flat.update.unchanged = NULL;
    return make_any(&flat, config, grad, state, n, exec);
}

descend_status descend_step_delta(const descend_config *config, uint64_t step, const float *param, const float *grad,
                                  float *const state[], float *delta, size_t n, const descend_exec *exec)
{
    struct flat flat;
    flat.at = (struct descend_step_context){.step = step, .first = step == 1};
    flat.update.streams.param = delta;
    flat.update.unchanged = param;
    if (config && n > 0 && param == NULL)
        return DESCEND_NULL_ARRAY;
    return make_any(&flat, config, grad, state, n, exec);
}

descend_status descend_step_corrected(const descend_config *config, double bias_correction1, double bias_correction2,
                                      float *param, const float *grad, float *const state[], size_t n,
                                      const descend_exec *exec)
{
    struct flat flat;
    /* The last step that there is: not the first, so that states are read, and after all warm-ups. */
    flat.at = (struct descend_step_context){.step = STEP_MAX,
                                            .corrections_given = true,
                                            .bias_correction1 = bias_correction1,
                                            .bias_correction2 = bias_correction2};
    flat.update.streams.param = param;
    flat.update.unchanged = NULL;
    return make_any(&flat, config, grad, state, n, exec);
}
