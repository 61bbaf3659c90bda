/* One contender beside another: the rows optimizer/variant-against-contender/n, on one thread. */
#ifndef DESCEND_BENCH_AGAINST_H
#define DESCEND_BENCH_AGAINST_H

#include "subject.h"

void against_register(const struct subject *subject);

#endif
