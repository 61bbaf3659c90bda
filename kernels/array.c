/* SPDX-License-Identifier: MIT */
/* The memory of arrays, their conversion from and to float32, and sums of them. */
#include "array.h"

#include "cpu.h"
#include "dispatch.h"
#include "run.h"

static bool overlap(const void *a, size_t a_bytes, const void *b, size_t b_bytes)
{
    return a && b && a_bytes > 0 && b_bytes > 0 && (uintptr_t)a < (uintptr_t)b + b_bytes &&
           (uintptr_t)b < (uintptr_t)a + a_bytes;
}

bool descend_arrays_overlap(const descend_array *a, size_t a_length, const descend_array *b, size_t b_length)
{
    const size_t data_a = data_bytes(a, a_length), data_b = data_bytes(b, b_length);
    const size_t second_a = second_bytes(a, a_length), second_b = second_bytes(b, b_length);
    return overlap(a->data, data_a, b->data, data_b) || overlap(a->data, data_a, b->second, second_b) ||
           overlap(a->second, second_a, b->data, data_b) || overlap(a->second, second_a, b->second, second_b);
}

static descend_status check_part(const void *part, size_t bytes, size_t alignment)
{
    if (part == NULL || bytes == 0)
        return DESCEND_OK;
    if ((uintptr_t)part % alignment != 0)
        return DESCEND_MISALIGNED;
    return (uintptr_t)part > UINTPTR_MAX - bytes ? DESCEND_BAD_N : DESCEND_OK;
}

descend_status descend_array_check(const descend_array *array, size_t n)
{
    if (array->data == NULL)
        return DESCEND_OK;
    const descend_status status = check_part(array->data, data_bytes(array, n), storage_size(array->dtype));
    return status == DESCEND_OK ? check_part(array->second, second_bytes(array, n), sizeof(int16_t)) : status;
}

/* One call: from an array of floats into one of any type, or the other way round. */
struct conversion {
    const descend_array *array;
    size_t n;
    descend_array floats;
    const struct descend_kernels *kernels;
};

static descend_status check(struct conversion *c)
{
    if ((c->kernels = descend_dispatch()) == NULL)
        return DESCEND_NO_ISA;
    if (c->array == NULL)
        return DESCEND_NULL_ARRAY;
    if (c->array->dtype > DESCEND_UB8)
        return DESCEND_BAD_DTYPE;
    if (c->n > PTRDIFF_MAX / sizeof(float))
        return DESCEND_BAD_N;
    if (c->n > 0 && (c->array->data == NULL || c->floats.data == NULL ||
                     (c->array->second == NULL && second_bytes(c->array, c->n) > 0)))
        return DESCEND_NULL_ARRAY;
    descend_status status = descend_array_check(c->array, c->n);
    if (status == DESCEND_OK)
        status = descend_array_check(&c->floats, c->n);
    if (status == DESCEND_OK && descend_arrays_overlap(c->array, c->n, &c->floats, c->n))
        status = DESCEND_OVERLAP;
    return status;
}

static void store(void *context)
{
    const struct conversion *c = context;
    c->kernels->store(c->array->dtype, c->array->data, c->array->second, 0, c->floats.data, c->n);
}

static void load(void *context)
{
    const struct conversion *c = context;
    c->kernels->load(c->array->dtype, c->floats.data, c->array->data, c->array->second, 0, c->n);
}

static descend_status convert(void (*conversion)(void *context), const descend_array *array, size_t n,
                              const float *floats)
{
    struct conversion c = {.array = array, .n = n, .floats = {.data = (void *)(uintptr_t)floats}};
    const descend_status status = check(&c);
    if (status == DESCEND_OK && n > 0)
        descend_guarded(conversion, &c);
    return status;
}

descend_status descend_array_store(const descend_array *to, size_t n, const float *from)
{
    return convert(store, to, n, from);
}

descend_status descend_array_load(const descend_array *from, size_t n, float *to)
{
    return convert(load, from, n, to);
}

/* One call: arrays to add to one of floats. */
struct accumulation {
    const descend_array *from;
    size_t count, n;
    float *to;
    const struct descend_kernels *kernels;
};

/* Block by block of the sum, so that it stays in the first-level cache while the arrays are added to it. */
static void accumulate(void *context, unsigned index, unsigned parts)
{
    const struct accumulation *a = context;
    size_t begin, end;
    descend_slice(a->n, index, parts, &begin, &end);
    for (size_t i = begin, length; i < end; i += length) {
        length = end - i < BLOCK ? end - i : BLOCK;
        for (size_t k = 0; k < a->count; k++)
            a->kernels->add(a->from[k].dtype, a->to + i, a->from[k].data, a->from[k].second, i, length);
    }
}

descend_status descend_array_accumulate(const descend_array *from, size_t count, size_t n, float *to,
                                        const descend_exec *exec)
{
    static const descend_exec defaults;
    struct accumulation a = {.from = from, .count = count, .n = n, .to = to};
    exec = exec ? exec : &defaults;
    descend_status status = descend_run_check(exec);
    for (size_t k = 0; k < count && status == DESCEND_OK; k++) {
        struct conversion c = {.array = from ? &from[k] : NULL, .n = n, .floats = {.data = to}};
        status = check(&c);
        a.kernels = c.kernels;
    }
    if (status != DESCEND_OK || count == 0 || n == 0)
        return status;
    return descend_run(accumulate, &a, n, exec) ? DESCEND_OK : DESCEND_UNFINISHED;
}

void descend_array_size(descend_dtype dtype, size_t n, size_t *data, size_t *second)
{
    const descend_array array = {.dtype = dtype};
    const bool exists = dtype <= DESCEND_UB8;
    *data = exists ? data_bytes(&array, n) : 0;
    *second = exists ? second_bytes(&array, n) : 0;
}
