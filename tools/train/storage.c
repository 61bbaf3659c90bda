/* SPDX-License-Identifier: MIT */
#include "storage.h"

#include <string.h>

#include "descend/optimizer.h"

static const struct storage all[] = {
    {"f32", "everything float32", DESCEND_F32, DESCEND_F32, STATES_F32},
    {"bf16-grads", "gradients bfloat16", DESCEND_F32, DESCEND_BF16, STATES_F32},
    {"split", "gradients bfloat16, parameters split: the model computes with a bfloat16 half", DESCEND_BF16_SPLIT,
     DESCEND_BF16, STATES_F32},
    {"bf16", "everything bfloat16", DESCEND_BF16, DESCEND_BF16, STATES_BF16},
    {"split-8bit", "as split, with states of 8 bits", DESCEND_BF16_SPLIT, DESCEND_BF16, STATES_8_BITS},
    {"bf16-8bit", "as bf16, with states of 8 bits", DESCEND_BF16, DESCEND_BF16, STATES_8_BITS},
};

const struct storage *storages(size_t *count)
{
    *count = sizeof all / sizeof *all;
    return all;
}

const struct storage *storage_find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

bool storage_suits(const struct storage *storage, descend_kind kind)
{
    bool suits = true;
    for (size_t i = 0; i < descend_kind_state_count(kind); i++) {
        const descend_state *state = descend_kind_state(kind, i);
        suits = suits && (storage->states == STATES_F32 || state->scalar || state->smallest != DESCEND_F32);
    }
    return suits;
}

descend_dtype storage_state(const struct storage *storage, descend_kind kind, size_t state)
{
    const descend_state *found = descend_kind_state(kind, state);
    if (found->scalar || storage->states == STATES_F32)
        return DESCEND_F32;
    return storage->states == STATES_BF16 ? DESCEND_BF16 : found->smallest;
}

static double element_bytes(descend_dtype dtype)
{
    enum { ELEMENTS = 4096 }; /* whole blocks of every type */
    size_t data, second;
    descend_array_size(dtype, ELEMENTS, &data, &second);
    return (double)(data + second) / ELEMENTS;
}

struct storage_bytes storage_bytes(const struct storage *storage, const descend_config *config)
{
    struct storage_bytes bytes = {element_bytes(storage->param), element_bytes(storage->grad), 0};
    const unsigned used = descend_config_states(config);
    for (size_t i = 0; i < descend_kind_state_count(config->kind); i++)
        if (used >> i & 1 && !descend_kind_state(config->kind, i)->scalar)
            bytes.states += element_bytes(storage_state(storage, config->kind, i));
    return bytes;
}
