/*
 * Google Benchmark from C: just enough of it to register functions, iterate over timed batches and report counters.
 * gbench.cc is the only C++ of the benchmarks. https://github.com/google/benchmark/blob/v1.7.1/docs/user_guide.md
 */
#ifndef DESCEND_GBENCH_H
#define DESCEND_GBENCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench_state;
typedef void gbench_function(struct gbench_state *state, const void *context);

/* One benchmark. The context is handed to the function and must live until gbench_run returns. Wall-clock time decides,
 * and the CPU time of all threads is reported beside it. iterations 0: as many as fill --benchmark_min_time. */
void gbench_register(const char *name, gbench_function *function, const void *context, int64_t iterations);

/* while (gbench_next(state, count)) { count iterations; } */
bool gbench_next(struct gbench_state *state, int64_t count);
void gbench_pause(struct gbench_state *state);
void gbench_resume(struct gbench_state *state);

/* Iterations done so far, for a count per iteration. */
int64_t gbench_iterations(const struct gbench_state *state);
void gbench_set_bytes(struct gbench_state *state, int64_t bytes);
void gbench_set_items(struct gbench_state *state, int64_t items);
void gbench_counter(struct gbench_state *state, const char *name, double value);
void gbench_label(struct gbench_state *state, const char *text);
void gbench_skip(struct gbench_state *state, const char *reason);

/* A line of the report's head, and of "context" in its JSON. */
void gbench_context(const char *key, const char *value);

/* Takes Google Benchmark's own options out of argv; false if one is left that it does not know, and says so. */
bool gbench_options(int *argc, char **argv);
void gbench_run(void);

#ifdef __cplusplus
}
#endif

#endif
