/* SPDX-License-Identifier: MIT */
/* Update throughput of one implementation at one size: the rows
 * optimizer/implementation/n/threads[/placement][/cold]. */
#ifndef DESCEND_BENCH_UPDATE_H
#define DESCEND_BENCH_UPDATE_H

#include "configuration.h"

void update_register(const struct configuration *configuration);

#endif
