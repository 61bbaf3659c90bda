/* SPDX-License-Identifier: MIT */
#include "stored.h"

#include <stdlib.h>

#include "array.h"

/* Float32 arrays are the network's own. */
static bool make(descend_array *array, descend_dtype dtype, float *own, size_t n)
{
    size_t data, second;
    descend_array_size(dtype, n, &data, &second);
    *array = (descend_array){.dtype = dtype};
    array->data = dtype == DESCEND_F32 ? own : array_create(data, 1);
    array->second = second > 0 ? array_create(second, 1) : NULL;
    return array->data && (array->second || second == 0);
}

static void release(const descend_array *array)
{
    if (array->dtype != DESCEND_F32)
        free(array->data);
    free(array->second);
}

bool stored_open(struct stored *stored, const struct storage *storage, const struct network *net)
{
    *stored = (struct stored){.storage = storage, .net = net};
    return make(&stored->param, storage->param, net->param, net->parameters) &&
           make(&stored->grad, storage->grad, net->grad, net->parameters);
}

void stored_close(struct stored *stored)
{
    release(&stored->param);
    release(&stored->grad);
}

/* The rest of an array from an element on. */
static descend_array from(const descend_array *array, size_t element)
{
    size_t data, second;
    descend_array_size(array->dtype, element, &data, &second);
    return (descend_array){.data = (char *)array->data + data,
                           .dtype = array->dtype,
                           .second = array->second ? (char *)array->second + second : NULL};
}

void stored_tensors(const struct stored *stored, descend_kind kind, uint16_t *copy,
                    descend_tensor tensors[NETWORK_TENSORS])
{
    network_tensors(stored->net, copy, tensors);
    for (size_t i = 0, begin = 0; i < NETWORK_TENSORS; begin += tensors[i++].n) {
        tensors[i].param = from(&stored->param, begin);
        tensors[i].grad = from(&stored->grad, begin);
        for (size_t k = 0; k < descend_kind_state_count(kind); k++)
            tensors[i].state[k].dtype = storage_state(stored->storage, kind, k);
    }
}

static void take(const descend_array *array, const float *own, size_t n)
{
    if (array->dtype != DESCEND_F32)
        (void)descend_array_store(array, n, own); /* nothing here is ever refused */
}

void stored_take_param(const struct stored *stored)
{
    take(&stored->param, stored->net->param, stored->net->parameters);
}

void stored_take_grad(const struct stored *stored)
{
    take(&stored->grad, stored->net->grad, stored->net->parameters);
}

void stored_give_param(const struct stored *stored)
{
    descend_array computed = stored->param;
    if (computed.dtype == DESCEND_BF16_SPLIT)
        computed.dtype = DESCEND_BF16;
    if (computed.dtype != DESCEND_F32)
        (void)descend_array_load(&computed, stored->net->parameters, stored->net->param);
}
