/* SPDX-License-Identifier: MIT */
/* How the elements of all tensors are divided into any number of parts of equal work. */
#ifndef DESCEND_PLAN_H
#define DESCEND_PLAN_H

#include "optimizer/object.h"

/* The work for a tensor, in elements. */
uint64_t descend_plan_work(const struct tensor *tensor);

/* A grid of elements at which a tensor may be cut: returns the last one at or before an element. */
typedef size_t plan_grid(const struct tensor *tensor, size_t element);
plan_grid descend_plan_blocks;   /* multiples of 4096 elements, as in the flat functions */
plan_grid descend_plan_segments; /* the beginnings of segments */

/* Consecutive tensors. */
struct range {
    size_t first, count;
};

/* The number of elements of these tensors. */
size_t descend_plan_elements(const descend_optimizer *optimizer, struct range tensors);

/* Part `index` of `parts` of the work on these tensors. */
struct plan_part {
    struct range tensors;
    unsigned index, parts;
};

/* Called for the elements [begin, end) of a tensor. */
typedef void plan_visit(void *context, struct tensor *tensor, size_t begin, size_t end);

/* Calls visit for all elements of a part; tensors without a gradient are left out. */
void descend_plan_walk(const descend_optimizer *optimizer, const struct plan_part *part, plan_grid *grid,
                       plan_visit *visit, void *context);

#endif
