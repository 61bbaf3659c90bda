/* SPDX-License-Identifier: MIT */
/* Gradients of micro-batches added up by descend_array_accumulate: the rows accumulate/TYPE/COUNT/N/THREADS. */
#ifndef DESCEND_BENCH_ACCUMULATE_H
#define DESCEND_BENCH_ACCUMULATE_H

void accumulate_register(void);

#endif
