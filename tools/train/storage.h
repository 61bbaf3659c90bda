/* SPDX-License-Identifier: MIT */
/* How a training's parameters, gradients and states are stored: what each name after --storage stands for. */
#ifndef DESCEND_TRAIN_STORAGE_H
#define DESCEND_TRAIN_STORAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "descend/config.h"

enum storage_states { STATES_F32, STATES_BF16, STATES_8_BITS };

struct storage {
    const char *name, *meaning; /* the meaning as --help prints it */
    descend_dtype param, grad;
    enum storage_states states;
};

/* All of them, *count in number; the first is float32. */
const struct storage *storages(size_t *count);

/* NULL if there is none of that name. */
const struct storage *storage_find(const char *name);

/* Whether the optimizer can keep its states so: some can keep them in float32 only. */
bool storage_suits(const struct storage *storage, descend_kind kind);

/* What a state is stored as. A scalar state is always float32. */
descend_dtype storage_state(const struct storage *storage, descend_kind kind, size_t state);

/* Bytes for each parameter: of the parameter itself; of its gradient; and of the states that the config uses. */
struct storage_bytes {
    double param, grad, states;
};

struct storage_bytes storage_bytes(const struct storage *storage, const descend_config *config);

#endif
