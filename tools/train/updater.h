/* SPDX-License-Identifier: MIT */
/* The optimizer of the network's parameters, with learning rate schedule, gradient clipping and skipped steps. */
#ifndef DESCEND_TRAIN_UPDATER_H
#define DESCEND_TRAIN_UPDATER_H

#include <stdbool.h>
#include <stdint.h>

#include "network.h"
#include "options.h"
#include "ranks.h"
#include "stored.h"

struct updater {
    const struct options *options;
    const struct named_config *trained;
    struct stored stored;    /* parameters and gradients */
    uint64_t schedule_steps; /* the length of the schedule */
    struct joint joint;
    uint16_t *copy; /* of all parameters, as bfloat16; NULL: none wanted */
    bool stepped;   /* whether a step has been taken, which has also written the copy */
};

/* Returns false after having reported an error. updater_close() in either case. */
bool updater_open(struct updater *updater, const struct options *options, const struct named_config *trained,
                  const struct network *net, uint64_t schedule_steps);
void updater_close(struct updater *updater);

/* Takes the gradients of a micro-batch, which are stored: so many times before a step as options_micro_batches says.
 * Returns false after having reported an error. */
bool updater_accumulate(struct updater *updater);

/* One step with the gradients that were taken. Returns false after having reported an error. */
bool updater_step(struct updater *updater);

/* The number of steps so far, and how many of them were skipped; both include those before a checkpoint. */
uint64_t updater_steps(const struct updater *updater);
uint64_t updater_skipped(const struct updater *updater);

/* Bytes that one step moves per parameter, if it reads each array once and writes each but the gradient once. */
double updater_bytes(const struct options *options, const struct named_config *trained);

#endif
