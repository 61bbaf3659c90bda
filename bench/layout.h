/* SPDX-License-Identifier: MIT */
/* AdamW on arrays that are stored in less than 32 bits: the rows object/LAYOUT/N/THREADS. */
#ifndef DESCEND_BENCH_LAYOUT_H
#define DESCEND_BENCH_LAYOUT_H

void layout_register(void);

#endif
