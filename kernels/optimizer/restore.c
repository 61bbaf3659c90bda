/* SPDX-License-Identifier: MIT */
/* Restoring an optimizer from a snapshot: first all checks and allocations, then all reading, then the change. */
#include <string.h>

#include "optimizer/object.h"
#include "optimizer/place.h"

enum { PARAM = DESCEND_STATES, ARRAYS = DESCEND_STATES + 1 }; /* the arrays of a tensor: its states, its parameter */
_Static_assert((int)STATES_MAX == (int)DESCEND_STATES, "a state's number would be that of the parameter");

/* A tensor of the snapshot. */
struct saved {
    uint64_t step;
    descend_array array[ARRAYS]; /* data NULL: not in the snapshot */
};

struct restoration {
    descend_optimizer *optimizer;
    const descend_snapshot *snapshot;
    struct group *group;
    struct saved *saved;
};

static const descend_array *array_of(const struct tensor *tensor, size_t array)
{
    return array == PARAM ? &tensor->param : &tensor->state[array];
}

static size_t length_of(const descend_optimizer *optimizer, const struct tensor *tensor, size_t array)
{
    return array == PARAM ? tensor->n : descend_state_length(optimizer->rule, array, tensor->n);
}

/* In memory that is set aside: the bytes of the data, at a multiple of 8, and of both parts. */
static size_t data_aside(const descend_optimizer *optimizer, const struct tensor *tensor, size_t array)
{
    const size_t bytes = data_bytes(array_of(tensor, array), length_of(optimizer, tensor, array));
    return (bytes + 7) / 8 * 8;
}

static size_t bytes_aside(const descend_optimizer *optimizer, const struct tensor *tensor, size_t array)
{
    const size_t second = second_bytes(array_of(tensor, array), length_of(optimizer, tensor, array));
    return data_aside(optimizer, tensor, array) + (second + 7) / 8 * 8;
}

/* The states that a tensor of the snapshot has, one bit each. */
static unsigned saved_states(const struct saved *saved)
{
    unsigned states = 0;
    for (size_t state = 0; state < PARAM; state++)
        states |= (saved->array[state].data ? 1u : 0u) << state;
    return states;
}

/* Whether the scalar state is in [0, 1]. Compared by its bits: comparing floats could raise the caller's flags. */
static bool scalar_is_valid(const void *scalar)
{
    const uint32_t one = 0x3f800000, minus_0 = 0x80000000;
    uint32_t bits;
    memcpy(&bits, scalar, sizeof bits);
    return bits <= one || bits == minus_0;
}

static bool is_scalar(const descend_optimizer *optimizer, size_t array)
{
    return optimizer->rule->advance && array == optimizer->rule->array_count;
}

static descend_status get_groups(struct restoration *r)
{
    for (unsigned number = 0; number < r->optimizer->groups; number++) {
        struct group *group = &r->group[number];
        *group = r->optimizer->group[number];
        group->config = r->snapshot->config(r->snapshot->context, number);
        if (group->config.kind != r->optimizer->rule->kind)
            return DESCEND_WRONG_OPTIMIZER;
        const descend_status status = descend_rule_check(r->optimizer->rule, group->config.room, &group->used);
        if (status != DESCEND_OK)
            return status;
    }
    return DESCEND_OK;
}

static bool is_saved(const struct restoration *r, size_t number, size_t array)
{
    return r->optimizer->table.tensor[number].n > 0 && r->saved[number].array[array].data != NULL;
}

/* Checks an array of a tensor of the snapshot, and what is copied from its memory. */
static descend_status check_saved(const struct restoration *r, size_t number, size_t array)
{
    const descend_optimizer *optimizer = r->optimizer;
    const struct tensor *tensor = &optimizer->table.tensor[number];
    const descend_array *from = &r->saved[number].array[array];
    if (from->data && from->dtype != array_of(tensor, array)->dtype)
        return DESCEND_BAD_DTYPE;
    if (r->snapshot->read || !is_saved(r, number, array))
        return DESCEND_OK;
    if (from->second == NULL && second_bytes(from, length_of(optimizer, tensor, array)) > 0)
        return DESCEND_NULL_ARRAY;
    return is_scalar(optimizer, array) && !scalar_is_valid(from->data) ? DESCEND_BAD_MU_PRODUCT : DESCEND_OK;
}

static descend_status get_tensors(struct restoration *r)
{
    const descend_optimizer *optimizer = r->optimizer;
    for (size_t t = 0; t < optimizer->tensors; t++) {
        const descend_tensor tensor = r->snapshot->tensor(r->snapshot->context, t);
        struct saved *saved = &r->saved[t];
        if (tensor.step > UINT64_C(1) << 53)
            return DESCEND_BAD_STEP;
        *saved = (struct saved){.step = tensor.step, .array[PARAM] = tensor.param};
        for (size_t state = 0; state < optimizer->rule->state_count; state++)
            saved->array[state] = tensor.state[state];
        for (size_t array = 0; array < ARRAYS; array++) {
            const descend_status status = check_saved(r, t, array);
            if (status != DESCEND_OK)
                return status;
        }
    }
    return DESCEND_OK;
}

/* Allocates all states that the snapshot has or its configs use. */
static bool allocate_states(struct restoration *r)
{
    descend_optimizer *optimizer = r->optimizer;
    struct tensor *tensors = optimizer->table.tensor;
    size_t bytes = 0;
    for (size_t t = 0; t < optimizer->tensors; t++) {
        const unsigned used = r->group[tensors[t].group].used | saved_states(&r->saved[t]);
        bytes = descend_size_add(bytes, 1, descend_states_bytes(optimizer->rule, &tensors[t], used));
    }
    struct block *block = bytes > 0 ? descend_block_new(&optimizer->allocator, bytes) : NULL;
    if (block == NULL)
        return bytes == 0;
    unsigned char *memory = block->bytes;
    for (size_t t = 0; t < optimizer->tensors; t++) {
        const unsigned used = r->group[tensors[t].group].used | saved_states(&r->saved[t]);
        memory = descend_states_place(optimizer->rule, memory, &tensors[t], used);
    }
    descend_object_keep(optimizer, block);
    return true;
}

/* Whether an array is read into place, where a failure may leave anything: a state in the object's own memory that no
 * step has used. */
static bool is_read_into_place(const struct tensor *tensor, size_t array)
{
    return array != PARAM && ((tensor->own & ~tensor->initialised) >> array & 1);
}

static size_t aside_bytes(const struct restoration *r)
{
    size_t bytes = 0;
    for (size_t t = 0; t < r->optimizer->tensors; t++) {
        const struct tensor *tensor = &r->optimizer->table.tensor[t];
        for (size_t array = 0; array < ARRAYS; array++)
            if (is_saved(r, t, array) && !is_read_into_place(tensor, array))
                bytes = descend_size_add(bytes, 1, bytes_aside(r->optimizer, tensor, array));
    }
    return bytes;
}

/* Reads all arrays, into place or into memory of aside_bytes. */
static descend_status read_arrays(const struct restoration *r, unsigned char *aside)
{
    const descend_snapshot *snapshot = r->snapshot;
    for (size_t t = 0; t < r->optimizer->tensors; t++) {
        const struct tensor *tensor = &r->optimizer->table.tensor[t];
        for (size_t array = 0; array < ARRAYS; array++) {
            if (!is_saved(r, t, array))
                continue;
            const bool into_place = is_read_into_place(tensor, array);
            descend_array to = *array_of(tensor, array);
            if (!into_place) {
                to.data = aside;
                to.second = aside + data_aside(r->optimizer, tensor, array);
                aside += bytes_aside(r->optimizer, tensor, array);
            }
            const descend_status status = snapshot->read(snapshot->context, t, array, &to);
            if (status != DESCEND_OK)
                return status;
            if (is_scalar(r->optimizer, array) && !scalar_is_valid(to.data))
                return DESCEND_BAD_MU_PRODUCT;
            r->saved[t].array[array] = to;
        }
    }
    return snapshot->verify ? snapshot->verify(snapshot->context) : DESCEND_OK;
}

static void replace(const struct restoration *r)
{
    descend_optimizer *optimizer = r->optimizer;
    for (unsigned number = 0; number < optimizer->groups; number++) {
        optimizer->group[number].config = r->group[number].config;
        optimizer->group[number].used = r->group[number].used;
    }
    for (size_t t = 0; t < optimizer->tensors; t++) {
        struct tensor *tensor = &optimizer->table.tensor[t];
        tensor->step = r->saved[t].step;
        tensor->initialised = saved_states(&r->saved[t]);
        for (size_t array = 0; array < ARRAYS; array++) {
            const descend_array *to = array_of(tensor, array), *from = &r->saved[t].array[array];
            const size_t length = length_of(optimizer, tensor, array);
            if (!is_saved(r, t, array) || from->data == to->data)
                continue;
            memcpy(to->data, from->data, data_bytes(to, length));
            if (second_bytes(to, length) > 0)
                memcpy(to->second, from->second, second_bytes(to, length));
        }
    }
}

static descend_status restore(struct restoration *r)
{
    const descend_allocator *allocator = &r->optimizer->allocator;
    descend_status status = get_groups(r);
    if (status == DESCEND_OK)
        status = get_tensors(r);
    if (status == DESCEND_OK && !allocate_states(r))
        status = DESCEND_NO_MEMORY;
    if (status == DESCEND_OK && r->snapshot->read) {
        struct block *aside = descend_block_new(allocator, aside_bytes(r));
        status = aside ? read_arrays(r, aside->bytes) : DESCEND_NO_MEMORY;
        if (status == DESCEND_OK)
            replace(r);
        descend_block_free(allocator, aside);
    } else if (status == DESCEND_OK) {
        replace(r);
    }
    return status;
}

descend_status descend_optimizer_restore(descend_optimizer *optimizer, const descend_snapshot *snapshot)
{
    struct restoration r = {.optimizer = optimizer, .snapshot = snapshot};
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (snapshot == NULL || snapshot->config == NULL || snapshot->tensor == NULL)
        return DESCEND_NULL_SNAPSHOT;
    const size_t group_bytes = descend_size_add(0, optimizer->groups, sizeof *r.group);
    struct block *block =
        descend_block_new(&optimizer->allocator, descend_size_add(group_bytes, optimizer->tensors, sizeof *r.saved));
    if (block == NULL)
        return DESCEND_NO_MEMORY;
    r.group = (struct group *)(void *)block->bytes;
    r.saved = (struct saved *)(void *)(block->bytes + group_bytes);
    const descend_status status = restore(&r);
    descend_block_free(&optimizer->allocator, block);
    return status == DESCEND_OK ? descend_optimizer_abandon(optimizer) : status;
}
