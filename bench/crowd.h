/* SPDX-License-Identifier: MIT */
/* Rows for the number of threads that the library chooses itself: beside programs that want the processors, and alone. */
#ifndef DESCEND_BENCH_CROWD_H
#define DESCEND_BENCH_CROWD_H

void crowd_register(void);

#endif
