/* SPDX-License-Identifier: MIT */
/* Checkpoints of a run: the optimizer, the parameters, and notes of the options that a resumed run must share. Also
 * initial parameters from any safetensors file. Functions return false after having reported an error. */
#ifndef DESCEND_TRAIN_CHECKPOINT_H
#define DESCEND_TRAIN_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "network.h"
#include "options.h"
#include "ranks.h"

/* Writes the file options->save. images: the number of training images. */
bool checkpoint_save(const struct options *options, uint32_t images, struct joint *joint);

/* Reads the file options->resume. After an error the optimizer is not to be used. */
bool checkpoint_load(const struct options *options, uint32_t images, struct joint *joint);

/* Reads the network's parameters. After an error some of them may have been overwritten. */
bool checkpoint_init(const char *path, const struct network *net);

#endif
