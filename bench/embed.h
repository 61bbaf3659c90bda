/* SPDX-License-Identifier: MIT */
/* Adam as some trainers need it, beside one ordinary step over as many elements: descend_step_delta in the rows
 * delta/N/THREADS, and a matrix whose rows lie apart, row by row, in rows/COLUMNS. */
#ifndef DESCEND_BENCH_EMBED_H
#define DESCEND_BENCH_EMBED_H

void embed_register(void);

#endif
