/* Where a benchmark runs: what Google Benchmark does not tell of it. */
#ifndef DESCEND_BENCH_MACHINE_H
#define DESCEND_BENCH_MACHINE_H

/* The processor's name, or "unknown". */
const char *machine_cpu(void);

/* As many as a call of the library has by default. */
unsigned machine_threads(void);

#endif
