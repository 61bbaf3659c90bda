/* SPDX-License-Identifier: MIT */
/* The calls that go over all gradients: zero_grad and measure. */
#include <math.h>
#include <string.h>

#include "array.h"
#include "cpu.h"
#include "optimizer/job.h"

static size_t tensors_of(const descend_optimizer *optimizer)
{
    return descend_optimizer_tensor_count(optimizer);
}

static void zero_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    (void)context;
    const size_t size = storage_size(tensor->grad.dtype);
    memset((char *)tensor->grad.data + begin * size, 0, (end - begin) * size);
}

descend_status descend_optimizer_zero_grad(descend_optimizer *optimizer, const descend_exec *exec)
{
    struct job job = {.optimizer = optimizer, .call = CALL_ZERO_GRAD, .tensors = {0, tensors_of(optimizer)}};
    const descend_status status = descend_job_check(&job, exec);
    if (status != DESCEND_OK)
        return status;
    if (!descend_job_run(&job, descend_plan_blocks, zero_visit))
        return DESCEND_UNFINISHED;
    return descend_job_end(&job) ? descend_optimizer_abandon(optimizer) : DESCEND_OK;
}

size_t descend_optimizer_segment_count(const descend_optimizer *optimizer, size_t tensor)
{
    return tensor < tensors_of(optimizer) ? optimizer->table.tensor[tensor].segments.count : 0;
}

static void measure_visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    const struct job *job = context;
    descend_squares *partial = job->optimizer->table.partial + tensor->partial;
    for (size_t i = descend_segment_at(&tensor->segments, begin), at = begin; at < end; i++) {
        const size_t next = descend_segment_begin(&tensor->segments, i + 1);
        partial[i] = job->kernels->squares(tensor->grad.dtype, tensor->grad.data, at, next);
        at = next;
    }
}

/* Adds up segments, tensor by tensor. */
struct total {
    double sum, max;
};

static void add_tensor(struct total *total, const descend_squares *segments, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += segments[i].sum;
        total->max = segments[i].max > total->max || isnan(segments[i].max) ? segments[i].max : total->max;
    }
    total->sum += sum;
}

static descend_measurement measurement_of(const struct total *total)
{
    return (descend_measurement){.norm = sqrt(total->sum), .norm_inf = total->max, .finite = isfinite(total->sum)};
}

struct measuring {
    const descend_optimizer *optimizer;
    descend_measurement measurement;
};

static void combine(void *context)
{
    struct measuring *measuring = context;
    const struct table *table = &measuring->optimizer->table;
    struct total total = {0, 0};
    for (size_t t = 0; t < measuring->optimizer->tensors; t++) {
        const struct tensor *tensor = &table->tensor[t];
        if (tensor->grad.data != NULL)
            add_tensor(&total, table->partial + tensor->partial, tensor->segments.count);
    }
    measuring->measurement = measurement_of(&total);
}

descend_status descend_optimizer_measure(descend_optimizer *optimizer, const descend_exec *exec,
                                         descend_measurement *measurement)
{
    struct job job = {.optimizer = optimizer, .call = CALL_MEASURE, .tensors = {0, tensors_of(optimizer)}};
    struct measuring measuring = {.optimizer = optimizer};
    const descend_status status = descend_job_check(&job, exec);
    if (status != DESCEND_OK)
        return status;
    if (measurement == NULL)
        return DESCEND_NULL_MEASUREMENT;
    if (!descend_job_run(&job, descend_plan_segments, measure_visit))
        return DESCEND_UNFINISHED;
    if (!descend_job_end(&job))
        return DESCEND_OK;
    descend_guarded(combine, &measuring);
    *measurement = measuring.measurement;
    return descend_optimizer_abandon(optimizer);
}

/* Copies the segments of a job's tensors; the gradient of an absent one counts as 0. */
static void copy_segments(const struct job *job, descend_squares *to)
{
    const struct table *table = &job->optimizer->table;
    for (size_t t = job->tensors.first; t < job->tensors.first + job->tensors.count; t++) {
        const struct tensor *tensor = &table->tensor[t];
        for (size_t i = 0; i < tensor->segments.count; i++)
            *to++ = tensor->grad.data ? table->partial[tensor->partial + i] : (descend_squares){0, 0};
    }
}

descend_status descend_optimizer_squares(descend_optimizer *optimizer, size_t tensor, size_t count,
                                         const descend_exec *exec, descend_squares *segments)
{
    struct job job = {.optimizer = optimizer, .call = CALL_MEASURE, .tensors = {tensor, count}};
    const descend_status status = descend_job_check(&job, exec);
    if (status != DESCEND_OK)
        return status;
    if (segments == NULL)
        return DESCEND_NULL_MEASUREMENT;
    if (!descend_job_run(&job, descend_plan_segments, measure_visit))
        return DESCEND_UNFINISHED;
    if (!descend_job_end(&job))
        return DESCEND_OK;
    copy_segments(&job, segments);
    return descend_optimizer_abandon(optimizer);
}

struct combination {
    const descend_squares *segments;
    const size_t *counts;
    size_t tensors;
    descend_measurement measurement;
};

static void combine_given(void *context)
{
    struct combination *given = context;
    const descend_squares *segments = given->segments;
    struct total total = {0, 0};
    for (size_t t = 0; t < given->tensors; segments += given->counts[t++])
        add_tensor(&total, segments, given->counts[t]);
    given->measurement = measurement_of(&total);
}

descend_status descend_squares_combine(const descend_squares *segments, const size_t *counts, size_t tensors,
                                       descend_measurement *measurement)
{
    struct combination given = {.segments = segments, .counts = counts, .tensors = tensors};
    if (measurement == NULL || (tensors > 0 && (segments == NULL || counts == NULL)))
        return DESCEND_NULL_MEASUREMENT;
    descend_guarded(combine_given, &given);
    *measurement = given.measurement;
    return DESCEND_OK;
}
