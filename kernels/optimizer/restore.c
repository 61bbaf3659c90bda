/* Configs by the names of their fields, and an optimizer's past. */
#include "object.h"

#include <math.h>
#include <string.h>

size_t descend_optimizer_field_count(const descend_optimizer *optimizer)
{
    return optimizer ? row_of(optimizer)->fields : 0;
}

const char *descend_optimizer_field_name(const descend_optimizer *optimizer, size_t field)
{
    return field < descend_optimizer_field_count(optimizer) ? row_of(optimizer)->field[field].name : NULL;
}

bool descend_optimizer_field_is_flag(const descend_optimizer *optimizer, size_t field)
{
    return field < descend_optimizer_field_count(optimizer) && row_of(optimizer)->field[field].flag;
}

double descend_optimizer_field(const descend_optimizer *optimizer, unsigned group, size_t number)
{
    if (number >= descend_optimizer_field_count(optimizer) || group >= optimizer->groups)
        return NAN;
    const struct descend_field *field = &row_of(optimizer)->field[number];
    const unsigned char *at = optimizer->group[group].config + field->offset;
    double value;
    bool flag;
    if (field->flag) {
        memcpy(&flag, at, sizeof flag);
        return flag;
    }
    memcpy(&value, at, sizeof value);
    return value;
}

static struct group past_group(const descend_optimizer *optimizer, const descend_past *past, unsigned number)
{
    struct group group = {.used = 0};
    for (size_t i = 0; i < row_of(optimizer)->fields; i++) {
        const struct descend_field *field = &row_of(optimizer)->field[i];
        const double value = past->field(past->context, number, i);
        if (field->flag) { /* only then: comparing a subnormal number would raise the caller's flag */
            const bool flag = value != 0;
            memcpy(group.config + field->offset, &flag, sizeof flag);
        } else {
            memcpy(group.config + field->offset, &value, sizeof value);
        }
    }
    return group;
}

/* The states that a tensor of the past has. */
static unsigned past_states(const descend_optimizer *optimizer, const descend_tensor *tensor)
{
    unsigned states = 0;
    for (size_t i = 0; i < row_of(optimizer)->states; i++)
        states |= (tensor->state[i].data ? 1u : 0u) << i;
    return states;
}

/* A scalar state goes on from 0 to 1. By its bits: comparing could raise the caller's flags. */
static bool scalar_is_good(const descend_optimizer *optimizer, size_t number, const descend_tensor *tensor)
{
    const struct descend_row *row = row_of(optimizer);
    const uint32_t one = 0x3f800000, minus_0 = 0x80000000;
    uint32_t bits;
    if (row->advance == NULL || optimizer->table.tensor[number].n == 0 || tensor->state[row->arrays].data == NULL)
        return true;
    memcpy(&bits, tensor->state[row->arrays].data, sizeof bits);
    return bits <= one || bits == minus_0;
}

static descend_status check(const descend_optimizer *optimizer, const descend_past *past)
{
    for (unsigned number = 0; number < optimizer->groups; number++) {
        struct group group = past_group(optimizer, past, number);
        const descend_status status = descend_group_check(row_of(optimizer), group.config, &group.used);
        if (status != DESCEND_OK)
            return status;
    }
    for (size_t t = 0; t < optimizer->tensors; t++) {
        const descend_tensor tensor = past->tensor(past->context, t);
        if (tensor.step > UINT64_C(1) << 53)
            return DESCEND_BAD_STEP;
        if (!scalar_is_good(optimizer, t, &tensor))
            return DESCEND_BAD_MU_PRODUCT;
    }
    return DESCEND_OK;
}

/* Memory for all states that are to be, so that nothing can fail afterwards. */
static bool get_states(descend_optimizer *optimizer, const descend_past *past)
{
    for (unsigned number = 0; number < optimizer->groups; number++) {
        struct group group = past_group(optimizer, past, number);
        if (descend_group_check(row_of(optimizer), group.config, &group.used) != DESCEND_OK)
            return false; /* cannot be: check has seen it */
        for (size_t t = 0; t < optimizer->tensors; t++)
            if (optimizer->table.tensor[t].group == number) {
                const descend_tensor tensor = past->tensor(past->context, t);
                group.used |= past_states(optimizer, &tensor);
            }
        if (!descend_states_get(optimizer, number, group.used))
            return false;
    }
    return true;
}

static void restore_tensor(descend_optimizer *optimizer, struct tensor *to, const descend_tensor *from)
{
    const struct descend_row *row = row_of(optimizer);
    to->step = from->step;
    to->begun = past_states(optimizer, from);
    if (to->n > 0 && from->param.data)
        memcpy(to->param, from->param.data, to->n * sizeof(float));
    for (size_t i = 0; i < row->states; i++)
        if (to->n > 0 && (to->begun >> i & 1))
            memcpy(to->state[i], from->state[i].data, descend_state_length(row, i, to->n) * sizeof(float));
}

descend_status descend_optimizer_restore(descend_optimizer *optimizer, const descend_past *past)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (past == NULL || past->field == NULL || past->tensor == NULL)
        return DESCEND_NULL_PAST;
    const descend_status status = check(optimizer, past);
    if (status != DESCEND_OK)
        return status;
    if (!get_states(optimizer, past))
        return DESCEND_NO_MEMORY;
    for (unsigned number = 0; number < optimizer->groups; number++) {
        struct group group = past_group(optimizer, past, number);
        if (descend_group_check(row_of(optimizer), group.config, &group.used) == DESCEND_OK)
            optimizer->group[number] = group;
    }
    for (size_t t = 0; t < optimizer->tensors; t++) {
        const descend_tensor tensor = past->tensor(past->context, t);
        restore_tensor(optimizer, &optimizer->table.tensor[t], &tensor);
    }
    return DESCEND_OK;
}
