/* SPDX-License-Identifier: MIT */
#include "optimizer/plan.h"

#include "run.h"

enum {
    TENSOR_COST = 64 /* the fixed cost of a tensor, in elements */
};

size_t descend_plan_blocks(const struct tensor *tensor, size_t element)
{
    (void)tensor;
    return element / BLOCK * BLOCK;
}

size_t descend_plan_segments(const struct tensor *tensor, size_t element)
{
    return descend_segment_begin(&tensor->segments, descend_segment_at(&tensor->segments, element));
}

uint64_t descend_plan_work(const struct tensor *tensor)
{
    return tensor->n + TENSOR_COST;
}

/* Where the work is cut: before an element of a tensor. */
struct cut {
    size_t tensor, element;
};

/* Where part `index` begins. */
static struct cut cut_at(const descend_optimizer *optimizer, const struct plan_part *part, unsigned index,
                         plan_grid *grid)
{
    const uint64_t *work_before = optimizer->table.work_before;
    size_t low = part->tensors.first, high = low + part->tensors.count;
    const uint64_t work = work_before[high] - work_before[low];
    const uint64_t position = work_before[low] + work / part->parts * index;
    if (index == 0 || index >= part->parts)
        return (struct cut){index == 0 ? low : high, 0};
    /* Always work_before[low] <= position < work_before[high]. */
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (work_before[middle] <= position)
            low = middle;
        else
            high = middle;
    }
    const struct tensor *tensor = &optimizer->table.tensor[low];
    const size_t element = position - work_before[low] < tensor->n ? (size_t)(position - work_before[low]) : tensor->n;
    return (struct cut){low, grid(tensor, element)};
}

size_t descend_plan_elements(const descend_optimizer *optimizer, struct range tensors)
{
    const uint64_t *work_before = optimizer->table.work_before;
    if (tensors.count == 0)
        return 0;
    const uint64_t work = work_before[tensors.first + tensors.count] - work_before[tensors.first];
    return (size_t)(work - (uint64_t)tensors.count * TENSOR_COST);
}

void descend_plan_walk(const descend_optimizer *optimizer, const struct plan_part *part, plan_grid *grid,
                       plan_visit *visit, void *context)
{
    if (part->tensors.count == 0)
        return;
    const struct cut from = cut_at(optimizer, part, part->index, grid);
    const struct cut to = cut_at(optimizer, part, part->index + 1, grid);
    for (size_t t = from.tensor; t < part->tensors.first + part->tensors.count && t <= to.tensor; t++) {
        struct tensor *tensor = &optimizer->table.tensor[t];
        const size_t begin = t == from.tensor ? from.element : 0;
        const size_t end = t == to.tensor ? to.element : tensor->n;
        if (begin < end && tensor->grad.data != NULL)
            visit(context, tensor, begin, end);
    }
}
