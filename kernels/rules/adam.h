/* SPDX-License-Identifier: MIT */
/* The coefficients that Adam and AdamW share. */
#ifndef DESCEND_RULES_ADAM_H
#define DESCEND_RULES_ADAM_H

#include "formulas/adam.h"
#include "rule.h"

void descend_adam_coefficients(const descend_adam *c, uint64_t step, struct adam_scalars *k);

#endif
