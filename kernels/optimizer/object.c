/* The object's life: creation, groups and their configs, what it can be asked. */
#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "cpu.h"

/* Not inlined: it computes, and its caller writes the floating-point control register. */
__attribute__((noinline)) static descend_status check(const struct descend_row *row, const void *config, unsigned *used)
{
    struct descend_scalars scalars;
    unsigned options = 0;
    const float through = row->advance ? row->advance(config, 1, row->initial(config, row->arrays)) : 0;
    const struct descend_point at = {.step = 1, .first = true, .scalar = through};
    const descend_status status = descend_prepare(row, config, &at, &scalars, &options);
    *used = row->used(options) | (row->advance ? 1u : 0u) << row->arrays;
    return status == DESCEND_BAD_MU_PRODUCT ? DESCEND_OVERFLOW : status; /* of the config's own making */
}

descend_status descend_group_check(const struct descend_row *row, const void *config, unsigned *used)
{
    if (config == NULL)
        return DESCEND_NULL_CONFIG;
    const struct descend_fp_state callers = descend_fp_enter();
    const descend_status status = check(row, config, used);
    descend_fp_leave(callers);
    return status;
}

static descend_status add_group(descend_optimizer *optimizer, const void *config, unsigned *number)
{
    const struct descend_row *row = row_of(optimizer);
    struct group group = {.used = 0};
    const descend_status status = descend_group_check(row, config, &group.used);
    if (status != DESCEND_OK)
        return status;
    struct group *groups = realloc(optimizer->group, (optimizer->groups + 1) * sizeof *groups);
    if (groups == NULL)
        return DESCEND_NO_MEMORY;
    memcpy(group.config, config, row->config_size);
    optimizer->group = groups;
    optimizer->group[optimizer->groups] = group;
    *number = optimizer->groups++;
    return DESCEND_OK;
}

static descend_status create(descend_optimizer **out, enum descend_optimizer_index index, const void *config)
{
    unsigned number;
    if (out == NULL)
        return DESCEND_NULL_OPTIMIZER;
    descend_optimizer *optimizer = calloc(1, sizeof *optimizer);
    if (optimizer == NULL)
        return DESCEND_NO_MEMORY;
    optimizer->index = index;
    optimizer->allocator = descend_default_allocator;
    atomic_init(&optimizer->slices_done, 0);
    const descend_status status = add_group(optimizer, config, &number);
    if (status == DESCEND_OK)
        *out = optimizer;
    else
        descend_optimizer_destroy(optimizer);
    return status;
}

/* Whether an optimizer of that kind has such a group. */
static descend_status check_group(const descend_optimizer *optimizer, enum descend_optimizer_index index,
                                  unsigned group)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (optimizer->index != index)
        return DESCEND_WRONG_OPTIMIZER;
    return group < optimizer->groups ? DESCEND_OK : DESCEND_BAD_GROUP;
}

static descend_status group(descend_optimizer *optimizer, enum descend_optimizer_index index, const void *config,
                            unsigned *number)
{
    unsigned unused;
    const descend_status status = check_group(optimizer, index, 0);
    return status == DESCEND_OK ? add_group(optimizer, config, number ? number : &unused) : status;
}

static descend_status get_config(const descend_optimizer *optimizer, enum descend_optimizer_index index,
                                 unsigned number, void *config)
{
    const descend_status status = check_group(optimizer, index, number);
    if (status != DESCEND_OK)
        return status;
    if (config == NULL)
        return DESCEND_NULL_CONFIG;
    memcpy(config, optimizer->group[number].config, row_of(optimizer)->config_size);
    return DESCEND_OK;
}

static descend_status configure(descend_optimizer *optimizer, enum descend_optimizer_index index, unsigned number,
                                const void *config)
{
    unsigned used;
    descend_status status = check_group(optimizer, index, number);
    if (status != DESCEND_OK || (status = descend_group_check(row_of(optimizer), config, &used)) != DESCEND_OK)
        return status;
    struct group *group = &optimizer->group[number];
    if ((used & ~group->used) && !descend_states_get(optimizer, number, used))
        return DESCEND_NO_MEMORY;
    group->used = used;
    memcpy(group->config, config, row_of(optimizer)->config_size);
    return DESCEND_OK;
}

#define FUNCTIONS(name, option_sets, phases, STATES, FIELDS)                                            \
    descend_status descend_##name##_create(descend_optimizer **optimizer, const descend_##name *config) \
    {                                                                                                   \
        return create(optimizer, OPTIMIZER_##name, config);                                             \
    }                                                                                                   \
    descend_status descend_##name##_group(descend_optimizer *optimizer, const descend_##name *config,   \
                                          unsigned *number)                                             \
    {                                                                                                   \
        return group(optimizer, OPTIMIZER_##name, config, number);                                      \
    }                                                                                                   \
    descend_status descend_##name##_config(const descend_optimizer *optimizer, unsigned number,         \
                                           descend_##name *config)                                      \
    {                                                                                                   \
        return get_config(optimizer, OPTIMIZER_##name, number, config);                                 \
    }                                                                                                   \
    descend_status descend_##name##_configure(descend_optimizer *optimizer, unsigned number,            \
                                              const descend_##name *config)                             \
    {                                                                                                   \
        return configure(optimizer, OPTIMIZER_##name, number, config);                                  \
    }
DESCEND_OPTIMIZERS(FUNCTIONS)

descend_status descend_optimizer_set_lr(descend_optimizer *optimizer, unsigned number, double lr)
{
    _Alignas(8) unsigned char config[CONFIG_MAX];
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    const descend_status status = get_config(optimizer, optimizer->index, number, config);
    if (status != DESCEND_OK)
        return status;
    memcpy(config + row_of(optimizer)->field[0].offset, &lr, sizeof lr); /* the first field of every config */
    return configure(optimizer, optimizer->index, number, config);
}

descend_status descend_optimizer_set_allocator(descend_optimizer *optimizer, const descend_allocator *allocator)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (allocator == NULL || allocator->allocate == NULL || allocator->release == NULL)
        return DESCEND_BAD_ALLOCATOR;
    if (optimizer->table.block != NULL)
        return DESCEND_IN_USE;
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

size_t descend_optimizer_state_count(const descend_optimizer *optimizer)
{
    return optimizer ? row_of(optimizer)->states : 0;
}

const char *descend_optimizer_state_name(const descend_optimizer *optimizer, size_t state)
{
    return state < descend_optimizer_state_count(optimizer) ? row_of(optimizer)->state[state] : NULL;
}

size_t descend_optimizer_state_length(const descend_optimizer *optimizer, size_t tensor, size_t state)
{
    if (tensor >= descend_optimizer_tensor_count(optimizer) || state >= row_of(optimizer)->states)
        return 0;
    return descend_state_length(row_of(optimizer), state, optimizer->table.tensor[tensor].n);
}

const char *descend_optimizer_name(const descend_optimizer *optimizer)
{
    return optimizer ? row_of(optimizer)->name : NULL;
}

descend_status descend_optimizer_tensor(const descend_optimizer *optimizer, size_t number, descend_tensor *out,
                                        unsigned *group_number)
{
    static const descend_dtype dtype[] = {DESCEND_F32, DESCEND_BF16, DESCEND_F16}; /* by enum descend_copy_type */
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (number >= optimizer->tensors || out == NULL)
        return DESCEND_BAD_TENSOR;
    const struct tensor *tensor = &optimizer->table.tensor[number];
    *out = (descend_tensor){.name = tensor->name,
                            .n = tensor->n,
                            .first = tensor->first,
                            .step = tensor->step,
                            .param = {tensor->param, DESCEND_F32},
                            .grad = {tensor->grad, DESCEND_F32},
                            .copy = {tensor->copy, dtype[tensor->copy_type]}};
    for (size_t i = 0; i < row_of(optimizer)->states; i++)
        if (tensor->begun >> i & 1)
            out->state[i].data = tensor->state[i];
    if (group_number)
        *group_number = tensor->group;
    return DESCEND_OK;
}

size_t descend_optimizer_find(const descend_optimizer *optimizer, const char *name)
{
    const size_t count = descend_optimizer_tensor_count(optimizer);
    size_t i = 0;
    while (i < count && (name == NULL || strcmp(optimizer->table.tensor[i].name, name) != 0))
        i++;
    return i;
}
