/* SPDX-License-Identifier: MIT */
/* What a report says of the machine, beside what Google Benchmark says. */
#ifndef DESCEND_BENCH_MACHINE_H
#define DESCEND_BENCH_MACHINE_H

/* The processor's name, or "unknown". */
const char *machine_cpu(void);

/* The number of threads that a call of the library uses by default. */
unsigned machine_threads(void);

#endif
