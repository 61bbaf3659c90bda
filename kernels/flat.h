/* SPDX-License-Identifier: MIT */
/* Flat calls: one step, or one slice of it, over one parameter array of the caller's. */
#ifndef DESCEND_FLAT_H
#define DESCEND_FLAT_H

#include "descend/config.h"

struct descend_rule;

/* Makes all checks, then the step. state has one pointer for each state of the rule; that of the scalar state may be
 * NULL only where n is 0 or config is NULL. */
descend_status descend_flat_step(const struct descend_rule *rule, const void *config, uint64_t step, float *param,
                                 const float *grad, float *const state[], size_t n, const descend_exec *exec);

/* The scalar state after a step, from the one before it; NaN where config is NULL. */
float descend_flat_advance(const struct descend_rule *rule, const void *config, uint64_t step, float previous);

#endif
