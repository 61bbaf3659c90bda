/* SPDX-License-Identifier: MIT */
/* How much it matters where in their pages arrays start: the rows optimizer/variant/n/1/placements. */
#ifndef DESCEND_BENCH_PLACEMENTS_H
#define DESCEND_BENCH_PLACEMENTS_H

#include "configuration.h"

void placements_register(const struct configuration *configuration);

#endif
