/* SPDX-License-Identifier: MIT */
/* A variant beside another implementation: the rows optimizer/variant-against-implementation/n, on one thread. */
#ifndef DESCEND_BENCH_AGAINST_H
#define DESCEND_BENCH_AGAINST_H

#include "configuration.h"

void against_register(const struct configuration *configuration);

#endif
