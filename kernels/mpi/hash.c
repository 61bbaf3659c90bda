/* SPDX-License-Identifier: MIT */
#include "hash.h"

#include <string.h>

uint64_t descend_mpi_hash(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
    return descend_mpi_hash(hash, &number, sizeof number);
}

uint64_t descend_mpi_hash_groups(uint64_t hash, const descend_optimizer *optimizer)
{
    const descend_kind kind = descend_optimizer_kind(optimizer);
    const unsigned groups = descend_optimizer_group_count(optimizer);
    hash = hash_number(hash, (uint64_t)kind);
    hash = hash_number(hash, descend_optimizer_seed(optimizer));
    hash = hash_number(hash, groups);
    for (unsigned group = 0; group < groups; group++) {
        descend_config config = descend_config_defaults(kind);
        (void)descend_optimizer_config(optimizer, group, &config); /* refuses only other numbers */
        for (size_t i = 0; i < descend_kind_field_count(kind); i++) {
            double value = 0;
            (void)descend_config_get(&config, descend_kind_field(kind, i)->name, &value); /* refuses only other names */
            hash = descend_mpi_hash(hash, &value, sizeof value);
        }
    }
    return hash;
}

static uint64_t hash_array(uint64_t hash, const descend_array *array)
{
    return hash_number(hash, (uint64_t)array->dtype << 1 | (array->data != NULL));
}

uint64_t descend_mpi_hash_tensors(uint64_t hash, const descend_tensor *tensors, const unsigned *group, size_t count)
{
    hash = hash_number(hash, count);
    for (size_t t = 0; t < count; t++) {
        const descend_tensor *tensor = &tensors[t];
        hash = descend_mpi_hash(hash, tensor->name, strlen(tensor->name) + 1);
        hash = hash_number(hash, tensor->n);
        hash = hash_number(hash, tensor->rows);
        hash = hash_number(hash, tensor->columns);
        hash = hash_number(hash, tensor->step);
        hash = hash_number(hash, group ? group[t] : 0);
        hash = hash_array(hash, &tensor->param);
        hash = hash_array(hash, &tensor->grad);
        hash = hash_array(hash, &tensor->copy);
        for (size_t i = 0; i < DESCEND_STATES; i++)
            hash = hash_array(hash, &tensor->state[i]);
    }
    return hash;
}
