/* SPDX-License-Identifier: MIT */
/* Rows for the number of threads that the library chooses itself: alone, and beside busy programs. */
#ifndef DESCEND_BENCH_CROWD_H
#define DESCEND_BENCH_CROWD_H

void crowd_register(void);

#endif
