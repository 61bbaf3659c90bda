/* A run in a file: the optimizer, the parameters, and what has to be the same to go on; or parameters alone. */
#ifndef DESCEND_TRAIN_CHECKPOINT_H
#define DESCEND_TRAIN_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "network.h"
#include "options.h"

/* Writes chosen->save. images: of the training. false: complained. */
bool checkpoint_save(const struct options *chosen, uint32_t images, const descend_optimizer *optimizer);

/* Reads chosen->resume. false: complained, and the optimizer may be spoilt. */
bool checkpoint_load(const struct options *chosen, uint32_t images, descend_optimizer *optimizer);

/* Reads the network's parameters from any safetensors file that has them. false: complained, and some may be read. */
bool checkpoint_init(const char *path, const struct network *net);

#endif
