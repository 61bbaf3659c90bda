/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef DESCEND_TRAIN_OPTIONS_H
#define DESCEND_TRAIN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command_line.h"
#include "named_config.h"
#include "storage.h"

enum schedule { SCHEDULE_CONSTANT, SCHEDULE_COSINE, SCHEDULE_LINEAR, SCHEDULES };

extern const char *const schedule_names[SCHEDULES];

struct options {
    const struct named_config
        *optimizers[NAMED_CONFIGS_MAX]; /* in the order asked for; one only, with save or resume */
    size_t optimizer_count;
    uint32_t epochs, batch, hidden;
    uint32_t micro_batches; /* of each batch, on all ranks together */
    uint64_t steps;         /* stop after so many, even before the epochs are done; 0: no limit */
    double lr;              /* 0: each optimizer's own, from its named_config */
    enum schedule schedule;
    uint64_t warmup; /* steps; 0: none */
    double clip;     /* the largest norm of gradients; 0: not clipped */
    const struct storage *storage;
    bool bf16_copy;
    uint64_t seed;
    unsigned threads;
    const char *data;
    const char *csv, *init, *save, *resume; /* NULL: none */
};

/* Returns whether to train; else all has been said, and *status is the exit status. */
bool options_read(struct options *options, int argc, char **argv, enum command_status *status);

/* How many of each batch's micro-batches every rank has. */
unsigned options_micro_batches(const struct options *options);

/* The learning rate to train this optimizer with, before any schedule. */
double options_lr(const struct options *options, const struct named_config *trained);

/* Its config with that rate. */
descend_config options_config(const struct options *options, const struct named_config *trained);

#endif
