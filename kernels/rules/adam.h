/* SPDX-License-Identifier: MIT */
/* The coefficients that Adam and AdamW share. */
#ifndef DESCEND_RULES_ADAM_H
#define DESCEND_RULES_ADAM_H

#include "formulas/adam.h"
#include "rule.h"

void descend_adam_coefficients(const descend_adam *c, const struct descend_step_context *at, struct adam_scalars *k);

#endif
