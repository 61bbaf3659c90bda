/* The optimizer over the network's parameters: all that happens between two batches. */
#ifndef DESCEND_TRAIN_UPDATER_H
#define DESCEND_TRAIN_UPDATER_H

#include <stdbool.h>
#include <stdint.h>

#include "network.h"
#include "options.h"

struct updater {
    const struct options *chosen;
    const struct named_config *trained;
    const struct network *net;
    uint64_t schedule_steps; /* which the schedule spans */
    descend_optimizer *optimizer;
    uint16_t *copy; /* of all parameters, as bfloat16; NULL: none wanted */
    bool stepped;   /* whether a step has been taken, and so the copy written */
};

/* false: complained. updater_close() in either case. */
bool updater_open(struct updater *made, const struct options *chosen, const struct named_config *trained,
                  const struct network *net, uint64_t schedule_steps);
void updater_close(struct updater *made);

/* From the gradient in place. false: complained. */
bool updater_step(struct updater *made);

/* Steps so far, in the runs before a checkpoint too. Those of them that were skipped. */
uint64_t updater_steps(const struct updater *made);
uint64_t updater_skipped(const struct updater *made);

/* Bytes that one step moves per parameter, if it reads each array once and writes each but the gradient once. */
size_t updater_bytes(const struct options *chosen, const struct named_config *trained);

#endif
