/* SPDX-License-Identifier: MIT */
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

/* An argument's values: first, last, and the powers of factor between them. Each makes a row, with /VALUE or
 * /NAME:VALUE in its name. */
struct gbench_range {
    const char *name; /* or NULL */
    int64_t first, last;
    int factor;
};

enum { GBENCH_RANGES = 3 };

/* A function to measure, in one row for each combination of its arguments' values. Times are wall-clock times; the CPU
 * time of all threads is reported too. */
struct gbench_benchmark {
    const char *name; /* spaces in it become '+' */
    gbench_function *function;
    const void *context; /* the function gets a copy of these context_size bytes */
    size_t context_size;
    int64_t iterations;                       /* 0: as many as fill --benchmark_min_time */
    struct gbench_range range[GBENCH_RANGES]; /* of the arguments; ends before the first with factor 0 */
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

/* Reads and removes Google Benchmark's options from argv. Those whose value is wrong are left; or, where it is a wrong
 * name of a format or a unit, refuse_name is called, which has to end the program. */
void gbench_options(int *argc, char **argv, void (*refuse_name)(void));

/* Runs what --benchmark_filter selects. Returns the number of functions run, and reports if that is 0. */
size_t gbench_run(void);

#ifdef __cplusplus
}
#endif

#endif
