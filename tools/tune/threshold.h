/*
 * From how many elements on threads pay, measured. Serial and parallel calls are timed in turn, and all sizes again and
 * again, so that another program's burst spoils few samples of any. Medians of the paired ratios decide.
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

/* How many times as fast as serial parallel must be. Less is lost again to workers that a trainer's other work lets
 * sleep. */
#define WINS 1.05

struct size {
    size_t n, samples;
    double serial, parallel; /* seconds a call, medians */
    double speedup;          /* median of serial / parallel */
};

struct threshold {
    const char *optimizer;
    size_t n; /* the smallest size from which on parallel wins at every larger one; 0: it does not at the largest */
    double speedup_at_built_in;
    struct size sizes[SIZES];
};

/* What calls can run on; why_serial where that is one thread, otherwise NULL. */
struct threads {
    int count;
    const char *why_serial;
};
struct threads find_threads(void);

/* What the library says to the calls that thresholds_measure would make. */
descend_status thresholds_try(void);

/* One for each of named_configs(). Takes about that long, and shows on a terminal how far it is. False where there is
 * no memory. */
bool thresholds_measure(double seconds, struct threshold thresholds[NAMED_CONFIGS_MAX]);

#endif
