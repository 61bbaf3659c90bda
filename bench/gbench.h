/*
 * Google Benchmark from C: register functions with ranges of arguments, iterate over timed batches, report counters.
 * gbench.cc is the only C++ of the benchmarks. https://github.com/google/benchmark/blob/v1.7.1/docs/user_guide.md
 */
#ifndef DESCEND_GBENCH_H
#define DESCEND_GBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct gbench_state;
typedef void gbench_function(struct gbench_state *state, const void *context);

/* The values first, the powers of factor above it, and last. Each is a row, with /VALUE or /NAME:VALUE in its name. */
struct gbench_range {
    const char *name; /* or NULL */
    int64_t first, last;
    int factor;
};

enum { GBENCH_RANGES = 3 };

/* A function, and the rows that it makes: one for each combination of its arguments' values. Wall-clock time decides,
 * and the CPU time of all threads is reported beside it. */
struct gbench_benchmark {
    const char *name; /* spaces in it become '+' */
    gbench_function *function;
    const void *context; /* handed to the function: a copy of so many bytes */
    size_t context_size;
    int64_t iterations;                       /* 0: as many as fill --benchmark_min_time */
    struct gbench_range range[GBENCH_RANGES]; /* up to the first whose factor is 0 */
};

void gbench_register(const struct gbench_benchmark *benchmark);

/* The value of an argument in this row. */
int64_t gbench_argument(const struct gbench_state *state, size_t index);

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

/* Runs what --benchmark_filter selects, and returns how many functions that was; if none, says so. */
size_t gbench_run(void);

#ifdef __cplusplus
}
#endif

#endif
