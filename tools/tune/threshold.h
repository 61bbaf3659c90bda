/* SPDX-License-Identifier: MIT */
/*
 * Measures from how many elements on several threads are faster than one. Serial and parallel calls are timed in turn,
 * and all sizes again and again, so that a burst of other work spoils few samples of any size. The median of the ratios
 * of neighbouring timings decides.
 */
#ifndef DESCEND_TUNE_THRESHOLD_H
#define DESCEND_TUNE_THRESHOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "descend/descend.h"
#include "named_config.h"

enum {
    BUILT_IN = 32768, /* descend_exec.serial_below's built-in value: descend.h, and SERIAL_BELOW in kernels/run.c */
    MAX_N = 1 << 20,  /* the largest size measured */
    SIZES = 15
};

/* A parallel call must be so many times as fast as a serial one. In a trainer, threads also fall asleep between calls;
 * a smaller gain would be lost to waking them. */
#define WINS 1.05

struct size {
    size_t n, samples;
    double serial, parallel; /* seconds a call, medians */
    double speedup;          /* median of serial / parallel */
};

struct threshold {
    const char *optimizer;
    size_t n; /* the smallest size such that threads win there and at every larger one; 0: none */
    double speedup_at_built_in;
    struct size sizes[SIZES];
};

/* How many threads a call can have. why_serial: why that is one; NULL if there are more. */
struct threads {
    int count;
    const char *why_serial;
};
struct threads find_threads(void);

/* The first refusal by the library of a config that thresholds_measure is to step with; else DESCEND_OK. */
descend_status thresholds_try(void);

/* One for each of named_configs(). Takes about that long, and shows on a terminal how far it is. False where there is
 * no memory. */
bool thresholds_measure(double seconds, struct threshold thresholds[NAMED_CONFIGS_MAX]);

#endif
