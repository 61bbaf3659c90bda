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

static struct cut cut_at(const descend_optimizer *optimizer, unsigned index, unsigned parts, plan_grid *grid)
{
    const uint64_t *work_before = optimizer->table.work_before;
    const uint64_t work = work_before[optimizer->tensors];
    const uint64_t position = work / parts * index;
    size_t low = 0, high = optimizer->tensors; /* work_before[low] <= position < work_before[high] */
    if (index == 0 || index >= parts)
        return (struct cut){index == 0 ? 0 : optimizer->tensors, 0};
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

void descend_plan_walk(const descend_optimizer *optimizer, unsigned index, unsigned parts, plan_grid *grid,
                       plan_visit *visit, void *context)
{
    if (optimizer->tensors == 0)
        return;
    const struct cut from = cut_at(optimizer, index, parts, grid), to = cut_at(optimizer, index + 1, parts, grid);
    for (size_t t = from.tensor; t < optimizer->tensors && t <= to.tensor; t++) {
        struct tensor *tensor = &optimizer->table.tensor[t];
        const size_t begin = t == from.tensor ? from.element : 0;
        const size_t end = t == to.tensor ? to.element : tensor->n;
        if (begin < end && tensor->grad.data != NULL)
            visit(context, tensor, begin, end);
    }
}
