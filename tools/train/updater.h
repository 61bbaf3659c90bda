/* The optimizer over the network's parameters: all that happens between two batches. */
#ifndef TRAIN_UPDATER_H
#define TRAIN_UPDATER_H

#include "network.h"
#include "options.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct updater {
    const options *chosen;
    const method *trained;
    const network *net;
    uint64_t schedule_steps; /* which the schedule spans */
    descend_optimizer *optimizer;
    uint16_t *copy; /* of all parameters, as bfloat16; NULL: none wanted */
    bool stepped;   /* whether a step has been taken, and so the copy written */
} updater;

/* false: complained. updater_close() in either case. */
bool updater_open(updater *made, const options *chosen, const method *trained, const network *net,
                  uint64_t schedule_steps);
void updater_close(updater *made);

/* From the gradient in place. false: complained. */
bool updater_step(updater *made);

/* Steps so far, in the runs before a checkpoint too. Those of them that were skipped. */
uint64_t updater_steps(const updater *made);
uint64_t updater_skipped(const updater *made);

/* Bytes that one step moves per parameter. */
size_t updater_bytes(const options *chosen, const method *trained);

#endif
