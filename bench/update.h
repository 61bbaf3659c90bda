/* Update throughput of one kernel at one size: the rows optimizer/contender/n/threads[/placement][/cold]. */
#ifndef DESCEND_BENCH_UPDATE_H
#define DESCEND_BENCH_UPDATE_H

#include "subject.h"

void update_register(const struct subject *subject);

#endif
