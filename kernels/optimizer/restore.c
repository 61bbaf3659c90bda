/* Restoring an optimizer from a snapshot. */
#include <string.h>

#include "optimizer/object.h"

/* A group of the snapshot, with the states that its config uses. */
static descend_status snapshot_group(const descend_optimizer *optimizer, const descend_snapshot *snapshot,
                                     unsigned number, struct group *group)
{
    *group = (struct group){.config = snapshot->config(snapshot->context, number)};
    if (group->config.kind != optimizer->rule->kind)
        return DESCEND_WRONG_OPTIMIZER;
    return descend_rule_check(optimizer->rule, group->config.room, &group->used);
}

/* The states that a tensor of the snapshot has, one bit each. */
static unsigned snapshot_states(const descend_optimizer *optimizer, const descend_tensor *tensor)
{
    unsigned states = 0;
    for (size_t i = 0; i < optimizer->rule->state_count; i++)
        states |= (tensor->state[i].data ? 1u : 0u) << i;
    return states;
}

/* Whether the scalar state is in [0, 1]. Compared by its bits: comparing floats could raise the caller's flags. */
static bool scalar_is_valid(const descend_optimizer *optimizer, size_t number, const descend_tensor *tensor)
{
    const struct descend_rule *rule = optimizer->rule;
    const uint32_t one = 0x3f800000, minus_0 = 0x80000000;
    uint32_t bits;
    if (rule->advance == NULL || optimizer->table.tensor[number].n == 0 ||
        tensor->state[rule->array_count].data == NULL)
        return true;
    memcpy(&bits, tensor->state[rule->array_count].data, sizeof bits);
    return bits <= one || bits == minus_0;
}

static descend_status check_snapshot(const descend_optimizer *optimizer, const descend_snapshot *snapshot)
{
    for (unsigned number = 0; number < optimizer->groups; number++) {
        struct group group;
        const descend_status status = snapshot_group(optimizer, snapshot, number, &group);
        if (status != DESCEND_OK)
            return status;
    }
    for (size_t t = 0; t < optimizer->tensors; t++) {
        const descend_tensor tensor = snapshot->tensor(snapshot->context, t);
        if (tensor.step > UINT64_C(1) << 53)
            return DESCEND_BAD_STEP;
        if (!scalar_is_valid(optimizer, t, &tensor))
            return DESCEND_BAD_MU_PRODUCT;
    }
    return DESCEND_OK;
}

/* Allocates all states that the snapshot has or its configs use, so that nothing can fail afterwards. */
static bool allocate_states(descend_optimizer *optimizer, const descend_snapshot *snapshot)
{
    for (unsigned number = 0; number < optimizer->groups; number++) {
        struct group group;
        if (snapshot_group(optimizer, snapshot, number, &group) != DESCEND_OK)
            return false; /* not reached: check_snapshot has accepted the same config */
        for (size_t t = 0; t < optimizer->tensors; t++)
            if (optimizer->table.tensor[t].group == number) {
                const descend_tensor tensor = snapshot->tensor(snapshot->context, t);
                group.used |= snapshot_states(optimizer, &tensor);
            }
        if (!descend_states_allocate(optimizer, number, group.used))
            return false;
    }
    return true;
}

static void restore_tensor(descend_optimizer *optimizer, struct tensor *to, const descend_tensor *from)
{
    const struct descend_rule *rule = optimizer->rule;
    to->step = from->step;
    to->initialised = snapshot_states(optimizer, from);
    if (to->n > 0 && from->param.data)
        memcpy(to->param, from->param.data, to->n * sizeof(float));
    for (size_t i = 0; i < rule->state_count; i++)
        if (to->n > 0 && (to->initialised >> i & 1))
            memcpy(to->state[i], from->state[i].data, descend_state_length(rule, i, to->n) * sizeof(float));
}

descend_status descend_optimizer_restore(descend_optimizer *optimizer, const descend_snapshot *snapshot)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (snapshot == NULL || snapshot->config == NULL || snapshot->tensor == NULL)
        return DESCEND_NULL_SNAPSHOT;
    const descend_status status = check_snapshot(optimizer, snapshot);
    if (status != DESCEND_OK)
        return status;
    if (!allocate_states(optimizer, snapshot))
        return DESCEND_NO_MEMORY;
    for (unsigned number = 0; number < optimizer->groups; number++) {
        struct group group;
        if (snapshot_group(optimizer, snapshot, number, &group) == DESCEND_OK)
            optimizer->group[number] = group;
    }
    for (size_t t = 0; t < optimizer->tensors; t++) {
        const descend_tensor tensor = snapshot->tensor(snapshot->context, t);
        restore_tensor(optimizer, &optimizer->table.tensor[t], &tensor);
    }
    return DESCEND_OK;
}
