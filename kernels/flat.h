/* The flat calls: one step, or one slice of it, over one parameter array of the caller's. */
#ifndef DESCEND_FLAT_H
#define DESCEND_FLAT_H

#include "descend/config.h"

struct descend_rule;

/* All checks, then the step. state has a pointer for each state of the rule; the scalar state's may be NULL where n is
 * 0 or the config is. */
descend_status descend_flat_step(const struct descend_rule *rule, const void *config, uint64_t step, float *param,
                                 const float *grad, float *const state[], size_t n, const descend_exec *exec);

/* The scalar state through a step; NaN for a NULL config. */
float descend_flat_advance(const struct descend_rule *rule, const void *config, uint64_t step, float previous);

#endif
