/* The command line. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H

#include "method.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum schedule { SCHEDULE_CONSTANT, SCHEDULE_COSINE, SCHEDULE_LINEAR, SCHEDULES } schedule;

extern const char *const schedule_names[SCHEDULES];

typedef struct options {
    const method *methods[METHODS]; /* in the order asked for; one only, with save or resume */
    size_t method_count;
    uint32_t epochs, batch, hidden;
    uint64_t steps; /* to stop after, before the epochs are done; 0: none */
    double lr;      /* 0: each method's own */
    schedule schedule;
    uint64_t warmup; /* steps; 0: none */
    double clip;     /* the norm; 0: none */
    bool bf16_copy;
    uint64_t seed;
    unsigned threads;
    const char *data;
    const char *csv, *init, *save, *resume; /* NULL: none */
} options;

typedef enum options_verdict {
    OPTIONS_TRAIN,
    OPTIONS_HELP, /* the help is printed */
    OPTIONS_WRONG /* complained */
} options_verdict;

options_verdict options_read(options *chosen, int argc, char **argv);

/* The learning rate to train this method with, before any schedule. */
double options_lr(const options *chosen, const method *trained);

#endif
