/* SPDX-License-Identifier: MIT */
#include "earlier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

void earlier_keep(struct earlier *earlier, const struct mirror *mirror)
{
    earlier_free(earlier);
    earlier->was = *mirror;
    earlier->kept = true;
    earlier->was.optimizer = NULL;
    earlier->was.twin = calloc(mirror->count + 1, sizeof *mirror->twin);
    assert_non_null(earlier->was.twin);
    for (size_t i = 0; i < mirror->count; i++) {
        struct twin *twin = &earlier->was.twin[i];
        *twin = mirror->twin[i];
        twin->given = (struct arrays){0}, twin->given_copy = twin->plain_copy = NULL;
        twin->plain = arrays_new(twin->shape.n);
        for (size_t k = 0; k < ARRAYS; k++)
            memcpy(twin->plain.array[k], mirror->twin[i].plain.array[k], twin->shape.n * sizeof(float));
    }
}

void earlier_free(struct earlier *earlier)
{
    mirror_free(&earlier->was);
    earlier->was = (struct mirror){0};
    earlier->kept = false;
}

bool earlier_fits(const struct earlier *earlier, const struct mirror *mirror)
{
    return earlier->kept && earlier->was.groups == mirror->groups && earlier->was.count == mirror->count;
}

static descend_config config_of(void *context, unsigned group)
{
    return ((const struct earlier *)context)->was.group[group].config;
}

static descend_tensor tensor_of(void *context, size_t number)
{
    const struct earlier *earlier = context;
    const struct twin *twin = &earlier->was.twin[number];
    descend_tensor tensor = {.step = twin->shape.step};
    tensor.param.data = earlier->params ? twin->plain.array[PARAM] : NULL;
    for (unsigned k = 0; k < earlier->was.group[0].states; k++)
        tensor.state[k].data = twin->initialised >> k & 1 ? twin->plain.array[STATE + k] : NULL;
    return tensor;
}

static descend_status read_array(void *context, size_t number, size_t state, const descend_array *to)
{
    struct earlier *earlier = context;
    const struct twin *twin = &earlier->was.twin[number];
    const size_t array = state == DESCEND_STATES ? PARAM : STATE + state;
    const size_t n = array_length(&earlier->was.group[twin->shape.group], array, twin->shape.n);
    memcpy(to->data, twin->plain.array[array], n * sizeof(float));
    return ++earlier->reads == earlier->read_fails ? DESCEND_FILE_READ : DESCEND_OK;
}

descend_snapshot earlier_snapshot(struct earlier *earlier, bool by_reading)
{
    earlier->reads = 0;
    return (descend_snapshot){
        .config = config_of, .tensor = tensor_of, .read = by_reading ? read_array : NULL, .context = earlier};
}

void earlier_expect(const struct earlier *earlier, struct mirror *mirror)
{
    memcpy(mirror->group, earlier->was.group, sizeof mirror->group);
    for (size_t i = 0; i < mirror->count; i++) {
        const struct twin *was = &earlier->was.twin[i];
        struct twin *twin = &mirror->twin[i];
        twin->shape.step = was->shape.step;
        twin->initialised = was->initialised;
        if (earlier->params)
            memcpy(twin->plain.array[PARAM], was->plain.array[PARAM], was->shape.n * sizeof(float));
        for (unsigned k = 0; k < earlier->was.group[0].states; k++)
            if (was->initialised >> k & 1)
                memcpy(twin->plain.array[STATE + k], was->plain.array[STATE + k], was->shape.n * sizeof(float));
            else
                for (size_t j = 0; j < was->shape.n && was->shape.own_state; j++)
                    twin->given.array[STATE + k][j] = NAN; /* as before its first step: not to be read */
    }
}
