/* Update throughput of one kernel at one size: the rows optimizer/variant/n/threads. */
#ifndef DESCEND_BENCH_UPDATE_H
#define DESCEND_BENCH_UPDATE_H

void update_register(void);

#endif
