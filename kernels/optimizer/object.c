/* SPDX-License-Identifier: MIT */
/* Creating and destroying the optimizer object; its groups and their configs; queries. */
#include "optimizer/object.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>

#include "optimizer/place.h"

/* Checks that a config is of this rule and valid; finds the states that it uses, one bit each. */
static descend_status check_config(const struct descend_rule *rule, const descend_config *config, unsigned *used)
{
    if (config->kind != rule->kind)
        return DESCEND_WRONG_OPTIMIZER;
    return descend_rule_check(rule, config->room, used);
}

static descend_status add_group(descend_optimizer *optimizer, const descend_config *config, unsigned *number)
{
    struct group group = {.config = *config};
    const descend_status status = check_config(optimizer->rule, config, &group.used);
    if (status != DESCEND_OK)
        return status;
    if (optimizer->groups == optimizer->group_room) {
        const size_t room = 2 * (size_t)optimizer->group_room + 1;
        struct group *groups = room <= UINT_MAX ? realloc(optimizer->group, room * sizeof *groups) : NULL;
        if (groups == NULL)
            return DESCEND_NO_MEMORY;
        optimizer->group = groups;
        optimizer->group_room = (unsigned)room;
    }
    optimizer->group[optimizer->groups] = group;
    *number = optimizer->groups++;
    return DESCEND_OK;
}

descend_status descend_optimizer_create(descend_optimizer **out, const descend_config *config)
{
    unsigned number;
    if (out == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (config == NULL)
        return DESCEND_NULL_CONFIG;
    const struct descend_rule *rule = descend_rule_find(config->kind);
    if (rule == NULL)
        return DESCEND_BAD_KIND;
    descend_optimizer *optimizer = calloc(1, sizeof *optimizer);
    if (optimizer == NULL)
        return DESCEND_NO_MEMORY;
    optimizer->rule = rule;
    optimizer->allocator = descend_default_allocator;
    atomic_init(&optimizer->begun, 0);
    atomic_init(&optimizer->done, 0);
    const descend_status status = add_group(optimizer, config, &number);
    if (status == DESCEND_OK)
        *out = optimizer;
    else
        descend_optimizer_destroy(optimizer);
    return status;
}

bool descend_optimizer_unfinished(const descend_optimizer *optimizer)
{
    return optimizer && atomic_load(&optimizer->begun) != 0;
}

descend_status descend_optimizer_abandon(descend_optimizer *optimizer)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    atomic_store(&optimizer->done, 0);
    atomic_store(&optimizer->begun, 0);
    return DESCEND_OK;
}

descend_status descend_object_check(const descend_optimizer *optimizer)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    return descend_optimizer_unfinished(optimizer) ? DESCEND_UNFINISHED : DESCEND_OK;
}

descend_status descend_optimizer_group(descend_optimizer *optimizer, const descend_config *config, unsigned *group)
{
    unsigned number = 0;
    descend_status status = descend_object_check(optimizer);
    if (status != DESCEND_OK)
        return status;
    if (config == NULL)
        return DESCEND_NULL_CONFIG;
    status = add_group(optimizer, config, &number);
    if (status == DESCEND_OK && group)
        *group = number;
    return status;
}

static descend_status check_group(const descend_optimizer *optimizer, unsigned group)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    return group < optimizer->groups ? DESCEND_OK : DESCEND_BAD_GROUP;
}

descend_status descend_optimizer_config(const descend_optimizer *optimizer, unsigned group, descend_config *config)
{
    const descend_status status = check_group(optimizer, group);
    if (status != DESCEND_OK)
        return status;
    if (config == NULL)
        return DESCEND_NULL_CONFIG;
    *config = optimizer->group[group].config;
    return DESCEND_OK;
}

void descend_object_keep(descend_optimizer *optimizer, struct block *block)
{
    block->next = optimizer->blocks;
    optimizer->blocks = block;
    descend_spans_insert(&optimizer->spans, &block->span, block, block->size);
}

/* Allocates those states of `used` that tensors of a group have no memory for. */
static bool allocate_states(descend_optimizer *optimizer, unsigned group, unsigned used)
{
    struct tensor *tensors = optimizer->table.tensor;
    const size_t first = optimizer->group[group].first;
    size_t bytes = 0;
    for (size_t place = first; place > 0; place = tensors[place - 1].next)
        bytes = descend_size_add(bytes, 1, descend_states_bytes(optimizer->rule, &tensors[place - 1], used));
    struct block *block = bytes > 0 ? descend_block_new(&optimizer->allocator, bytes) : NULL;
    if (block == NULL)
        return bytes == 0;
    unsigned char *memory = block->bytes;
    for (size_t place = first; place > 0; place = tensors[place - 1].next)
        memory = descend_states_place(optimizer->rule, memory, &tensors[place - 1], used);
    descend_object_keep(optimizer, block);
    return true;
}

descend_status descend_optimizer_configure(descend_optimizer *optimizer, unsigned group, const descend_config *config)
{
    unsigned used;
    descend_status status = descend_object_check(optimizer);
    if (status == DESCEND_OK)
        status = check_group(optimizer, group);
    if (status != DESCEND_OK)
        return status;
    if (config == NULL)
        return DESCEND_NULL_CONFIG;
    if ((status = check_config(optimizer->rule, config, &used)) != DESCEND_OK)
        return status;
    if ((used & ~optimizer->group[group].used) && !allocate_states(optimizer, group, used))
        return DESCEND_NO_MEMORY;
    optimizer->group[group].config = *config;
    optimizer->group[group].used = used;
    return DESCEND_OK;
}

descend_status descend_optimizer_set_seed(descend_optimizer *optimizer, uint64_t seed)
{
    const descend_status status = descend_object_check(optimizer);
    if (status == DESCEND_OK)
        optimizer->seed = seed;
    return status;
}

uint64_t descend_optimizer_seed(const descend_optimizer *optimizer)
{
    return optimizer ? optimizer->seed : 0;
}

descend_status descend_optimizer_set_lr(descend_optimizer *optimizer, unsigned group, double lr)
{
    descend_config config;
    descend_status status = descend_optimizer_config(optimizer, group, &config);
    if (status == DESCEND_OK)
        status = descend_config_set(&config, "lr", lr);
    return status == DESCEND_OK ? descend_optimizer_configure(optimizer, group, &config) : status;
}

descend_status descend_optimizer_set_allocator(descend_optimizer *optimizer, const descend_allocator *allocator)
{
    const descend_status status = descend_object_check(optimizer);
    if (status != DESCEND_OK)
        return status;
    if (allocator == NULL || allocator->allocate == NULL || allocator->release == NULL)
        return DESCEND_BAD_ALLOCATOR;
    if (optimizer->tensors > 0)
        return DESCEND_IN_USE;
    descend_block_free(&optimizer->allocator, optimizer->table.block); /* of tensors that were refused */
    optimizer->table = (struct table){.tensor = NULL};
    optimizer->allocator = *allocator;
    return DESCEND_OK;
}

void descend_optimizer_destroy(descend_optimizer *optimizer)
{
    if (optimizer == NULL)
        return;
    for (struct block *block = optimizer->blocks, *next; block != NULL; block = next) {
        next = block->next;
        descend_block_free(&optimizer->allocator, block);
    }
    descend_block_free(&optimizer->allocator, optimizer->table.block);
    free(optimizer->group);
    free(optimizer);
}

unsigned descend_optimizer_group_count(const descend_optimizer *optimizer)
{
    return optimizer ? optimizer->groups : 0;
}

size_t descend_optimizer_tensor_count(const descend_optimizer *optimizer)
{
    return optimizer ? optimizer->tensors : 0;
}

size_t descend_optimizer_state_length(const descend_optimizer *optimizer, size_t tensor, size_t state)
{
    if (tensor >= descend_optimizer_tensor_count(optimizer) || state >= optimizer->rule->state_count)
        return 0;
    return descend_state_length(optimizer->rule, state, optimizer->table.tensor[tensor].n);
}

descend_kind descend_optimizer_kind(const descend_optimizer *optimizer)
{
    return optimizer ? optimizer->rule->kind : DESCEND_KIND_NONE;
}

descend_status descend_optimizer_tensor(const descend_optimizer *optimizer, size_t number, descend_tensor *out,
                                        unsigned *group_number)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (number >= optimizer->tensors || out == NULL)
        return DESCEND_BAD_TENSOR;
    static max_align_t empty;
    const struct tensor *tensor = &optimizer->table.tensor[number];
    *out = (descend_tensor){.name = tensor->name,
                            .n = tensor->n,
                            .first = tensor->first,
                            .whole = tensor->whole,
                            .rows = tensor->rows,
                            .columns = tensor->columns,
                            .step = tensor->step,
                            .param = tensor->param,
                            .grad = tensor->grad,
                            .copy = tensor->copy};
    for (size_t i = 0; i < optimizer->rule->state_count; i++) {
        out->state[i].dtype = tensor->state[i].dtype;
        if (tensor->initialised >> i & 1) {
            out->state[i] = tensor->state[i];
            if (tensor->n == 0)
                out->state[i].data = &empty; /* not NULL: a step has used the state, as it has in the other shards */
        }
    }
    if (group_number)
        *group_number = tensor->group;
    return DESCEND_OK;
}

size_t descend_optimizer_find(const descend_optimizer *optimizer, const char *name)
{
    const size_t count = descend_optimizer_tensor_count(optimizer);
    if (count == 0 || name == NULL)
        return count;
    const struct table *table = &optimizer->table;
    const size_t place =
        descend_names_find(table->names, table->slots, table->tensor, descend_name_hash(name), name)->place;
    return place > 0 ? place - 1 : count;
}
