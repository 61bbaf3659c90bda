/* How the elements of all tensors are shared out: equal work for each of any number of parts, in one order. */
#ifndef DESCEND_PLAN_H
#define DESCEND_PLAN_H

#include "optimizer/object.h"

/* Puts the tensors in order and adds up their work: after tensors have been added. */
void descend_plan_build(descend_optimizer *optimizer);

/* The grid on which a tensor may be cut: where an element lies on it, or the last place before. */
typedef size_t plan_grid(const struct tensor *tensor, size_t element);
plan_grid descend_plan_blocks, descend_plan_segments; /* of 4096 elements, as in the flat functions; of rule 7 */

/* Does something to the elements [begin, end) of a tensor. */
typedef void plan_visit(void *context, struct tensor *tensor, size_t begin, size_t end);

/* All that part `index` of `parts` has to do. */
void descend_plan_walk(const descend_optimizer *optimizer, unsigned index, unsigned parts, plan_grid *grid,
                       plan_visit *visit, void *context);

#endif
