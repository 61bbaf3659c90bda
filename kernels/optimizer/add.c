/* Adding tensors: first all checks, then all allocations, then the change. */
#include "optimizer/object.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "optimizer/place.h"
#include "optimizer/plan.h"
#include "utf8.h"

static const uint64_t exact_max = UINT64_C(1) << 53; /* a double holds every integer up to this one */

/* The addresses of an array. */
struct span {
    uintptr_t begin, end;
};

enum { SPANS = 3 + STATES_MAX }; /* param, grad, copy and states of one tensor */

static descend_status check_array(const void *data, size_t n, size_t element, struct span *spans, size_t *count)
{
    const uintptr_t begin = (uintptr_t)data;
    if (n == 0)
        return DESCEND_OK;
    if (begin % element != 0)
        return DESCEND_MISALIGNED;
    if (begin > UINTPTR_MAX - n * element)
        return DESCEND_BAD_N;
    spans[(*count)++] = (struct span){begin, begin + n * element};
    return DESCEND_OK;
}

/* Checks the place of the elements in the whole tensor, and the shape of that tensor. */
static descend_status check_shard(const descend_tensor *tensor)
{
    const uint64_t whole = tensor->whole ? tensor->whole : exact_max;
    if (whole > exact_max || tensor->n > whole || tensor->first > whole - tensor->n)
        return DESCEND_BAD_FIRST;
    if (tensor->rows == 0 && tensor->columns == 0)
        return DESCEND_OK;
    const uint64_t elements = tensor->whole ? tensor->whole : tensor->n;
    if (tensor->rows == 0 || elements % tensor->rows != 0 || elements / tensor->rows != tensor->columns)
        return DESCEND_BAD_SHAPE;
    return DESCEND_OK;
}

static descend_status check_fields(const descend_tensor *tensor, size_t states)
{
    for (size_t i = 0; i < sizeof tensor->reserved / sizeof *tensor->reserved; i++)
        if (tensor->reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    if (tensor->name == NULL || *tensor->name == '\0' || !utf8_valid(tensor->name, strlen(tensor->name)))
        return DESCEND_BAD_NAME;
    if (tensor->param.dtype != DESCEND_F32 || tensor->grad.dtype != DESCEND_F32)
        return DESCEND_BAD_DTYPE;
    if (tensor->copy.data && tensor->copy.dtype != DESCEND_BF16 && tensor->copy.dtype != DESCEND_F16)
        return DESCEND_BAD_DTYPE;
    for (size_t i = 0; i < states; i++)
        if (tensor->state[i].dtype != DESCEND_F32)
            return DESCEND_BAD_DTYPE;
    if (tensor->n > PTRDIFF_MAX / sizeof(float))
        return DESCEND_BAD_N;
    if (tensor->step > exact_max)
        return DESCEND_BAD_STEP;
    return check_shard(tensor);
}

static descend_status check_tensor(const descend_tensor *tensor, const struct descend_rule *rule, struct span *spans,
                                   size_t *count)
{
    descend_status status = check_fields(tensor, rule->state_count);
    if (status != DESCEND_OK)
        return status;
    if (tensor->n > 0 && tensor->param.data == NULL)
        return DESCEND_NULL_ARRAY;
    status = check_array(tensor->param.data, tensor->n, sizeof(float), spans, count);
    if (status == DESCEND_OK && tensor->grad.data)
        status = check_array(tensor->grad.data, tensor->n, sizeof(float), spans, count);
    if (status == DESCEND_OK && tensor->copy.data)
        status = check_array(tensor->copy.data, tensor->n, sizeof(uint16_t), spans, count);
    for (size_t i = 0; i < rule->state_count && status == DESCEND_OK; i++)
        if (tensor->state[i].data)
            status = check_array(tensor->state[i].data, descend_state_length(rule, i, tensor->n), sizeof(float), spans,
                                 count);
    return status;
}

static int compare_begins(const void *a, const void *b)
{
    const uintptr_t x = ((const struct span *)a)->begin, y = ((const struct span *)b)->begin;
    return (x > y) - (x < y);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Whether an array shares a byte with one of the spans, which are sorted and disjoint. */
static bool overlaps_any(const void *data, size_t bytes, const struct span *spans, size_t count)
{
    const uintptr_t begin = (uintptr_t)data;
    size_t low = 0, high = count; /* spans before low end at or before the array begins */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (spans[middle].end <= begin)
            low = middle + 1;
        else
            high = middle;
    }
    return data != NULL && bytes > 0 && low < count && spans[low].begin < begin + bytes;
}

static bool state_overlaps_any(const descend_optimizer *optimizer, const struct tensor *tensor,
                               const struct span *spans, size_t count)
{
    const struct descend_rule *rule = optimizer->rule;
    bool any = false;
    for (size_t i = 0; i < rule->state_count; i++)
        any = any ||
              overlaps_any(tensor->state[i], descend_state_length(rule, i, tensor->n) * sizeof(float), spans, count);
    return any;
}

/* Checks that the new arrays overlap neither each other nor those of tensors added before. */
static descend_status check_overlap(const descend_optimizer *optimizer, struct span *spans, size_t count)
{
    qsort(spans, count, sizeof *spans, compare_begins);
    for (size_t i = 1; i < count; i++)
        if (spans[i].begin < spans[i - 1].end)
            return DESCEND_OVERLAP;
    for (size_t number = 0; number < optimizer->tensors; number++) {
        const struct tensor *t = &optimizer->table.tensor[number];
        const size_t bytes = t->n * sizeof(float);
        const bool overlap = overlaps_any(t->param, bytes, spans, count) ||
                             overlaps_any(t->grad, bytes, spans, count) ||
                             overlaps_any(t->copy, t->n * sizeof(uint16_t), spans, count);
        if (overlap || state_overlaps_any(optimizer, t, spans, count))
            return DESCEND_OVERLAP;
    }
    return DESCEND_OK;
}

static descend_status check_names(const descend_optimizer *optimizer, const char **names, size_t count)
{
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i], names[i - 1]) == 0)
            return DESCEND_DUPLICATE_NAME;
    for (size_t t = 0; t < optimizer->tensors; t++)
        if (bsearch(&optimizer->table.tensor[t].name, names, count, sizeof *names, compare_names))
            return DESCEND_DUPLICATE_NAME;
    return DESCEND_OK;
}

/* Makes all checks, in memory of its own for sorting. */
static descend_status check_tensors(const descend_optimizer *optimizer, const descend_tensor *tensors, size_t count)
{
    const size_t span_bytes = descend_size_add(0, count, SPANS * sizeof(struct span));
    struct block *block =
        descend_block_new(&optimizer->allocator, descend_size_add(span_bytes, count, sizeof(const char *)));
    descend_status status = DESCEND_OK;
    size_t spans = 0;
    if (block == NULL)
        return DESCEND_NO_MEMORY;
    struct span *span = (struct span *)(void *)block->bytes;
    const char **names = (const char **)(void *)(block->bytes + span_bytes);
    for (size_t t = 0; t < count && status == DESCEND_OK; t++) {
        status = check_tensor(&tensors[t], optimizer->rule, span, &spans);
        names[t] = tensors[t].name;
    }
    if (status == DESCEND_OK)
        status = check_names(optimizer, names, count);
    if (status == DESCEND_OK)
        status = check_overlap(optimizer, span, spans);
    descend_block_free(&optimizer->allocator, block);
    return status;
}

/* Allocates a larger table with the contents of the old one; NULL where there is no memory. */
static struct block *grow_table(const descend_optimizer *optimizer, size_t tensors, size_t partials,
                                struct table *grown)
{
    const struct table *old = &optimizer->table;
    size_t bytes = descend_size_add(0, tensors, sizeof *old->tensor);
    bytes = descend_size_add(bytes, partials, sizeof *old->partial);
    bytes = descend_size_add(bytes, optimizer->rule->after_reduce ? partials : 0, sizeof *old->norms);
    bytes = descend_size_add(bytes, tensors + 1, sizeof *old->work_before);
    bytes = descend_size_add(bytes, tensors, sizeof *old->order);
    struct block *block = descend_block_new(&optimizer->allocator, bytes);
    if (block == NULL)
        return NULL;
    *grown = (struct table){.tensor = (struct tensor *)(void *)block->bytes, .block = block};
    grown->partial = (struct descend_squares *)(void *)(grown->tensor + tensors);
    grown->norms = (struct descend_norms *)(void *)(grown->partial + partials);
    grown->work_before = (uint64_t *)(void *)(grown->norms + (optimizer->rule->after_reduce ? partials : 0));
    grown->order = (size_t *)(void *)(grown->work_before + tensors + 1);
    if (optimizer->tensors > 0)
        memcpy(grown->tensor, old->tensor, optimizer->tensors * sizeof *old->tensor);
    return block;
}

/* The segments of the whole tensor that the elements lie in; without a whole, the elements are the whole tensor. */
static struct descend_segments segments_of(const descend_tensor *tensor)
{
    return descend_segments_of(tensor->n, tensor->whole ? tensor->first : 0, tensor->whole ? tensor->whole : tensor->n);
}

static struct tensor tensor_from(const descend_tensor *from, unsigned group, size_t states, size_t partial)
{
    struct tensor tensor = {.param = from->param.data,
                            .grad = from->grad.data,
                            .copy = from->copy.data,
                            .n = from->n,
                            .step = from->step,
                            .group = group,
                            .copy_type = from->copy.data ? from->copy.dtype : DESCEND_F32,
                            .partial = partial,
                            .segments = segments_of(from),
                            .first = from->first,
                            .whole = from->whole,
                            .rows = from->rows,
                            .columns = from->columns};
    for (size_t i = 0; i < states; i++) {
        tensor.state[i] = from->state[i].data;
        tensor.initialised |= (from->step > 0 && from->state[i].data ? 1u : 0u) << i;
    }
    return tensor;
}

/* Appends the new tensors to the table. Returns the bytes that their names take. */
static size_t fill_table(const descend_optimizer *optimizer, struct table *table, const descend_tensor *tensors,
                         size_t count, unsigned group)
{
    size_t partial = optimizer->partials, names = 0;
    for (size_t t = 0; t < count; t++) {
        struct tensor *added = &table->tensor[optimizer->tensors + t];
        *added = tensor_from(&tensors[t], group, optimizer->rule->state_count, partial);
        partial += added->segments.count;
        names = descend_size_add(names, strlen(tensors[t].name) + 1, 1);
    }
    return descend_size_add(0, names / MEMORY_ALIGNMENT + 1, MEMORY_ALIGNMENT);
}

static void copy_names(unsigned char *memory, struct tensor *to, const descend_tensor *from, size_t count)
{
    for (size_t t = 0; t < count; t++) {
        const size_t size = strlen(from[t].name) + 1;
        to[t].name = memcpy(memory, from[t].name, size);
        memory += size;
    }
}

descend_status descend_optimizer_add(descend_optimizer *optimizer, unsigned group, const descend_tensor *tensors,
                                     size_t count)
{
    size_t partials = 0, elements = 0;
    struct table table = {0};
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (group >= optimizer->groups)
        return DESCEND_BAD_GROUP;
    if (tensors == NULL && count > 0)
        return DESCEND_BAD_TENSOR;
    if (count == 0)
        return DESCEND_OK;
    const descend_status status = check_tensors(optimizer, tensors, count);
    if (status != DESCEND_OK)
        return status;
    for (size_t t = 0; t < count; t++) {
        partials += segments_of(&tensors[t]).count;
        elements += tensors[t].n;
    }

    const unsigned used = optimizer->group[group].used;
    struct block *block = NULL;
    if (grow_table(optimizer, optimizer->tensors + count, optimizer->partials + partials, &table) == NULL)
        return DESCEND_NO_MEMORY;
    const size_t names = fill_table(optimizer, &table, tensors, count, group);
    struct tensor *added = table.tensor + optimizer->tensors;
    size_t states = 0;
    for (size_t t = 0; t < count; t++)
        states = descend_size_add(states, 1, descend_states_bytes(optimizer->rule, &added[t], used));
    if ((block = descend_block_new(&optimizer->allocator, descend_size_add(names, states, 1))) == NULL) {
        descend_block_free(&optimizer->allocator, table.block);
        return DESCEND_NO_MEMORY;
    }
    copy_names(block->bytes, added, tensors, count);
    unsigned char *memory = block->bytes + names;
    for (size_t t = 0; t < count; t++)
        memory = descend_states_place(optimizer->rule, memory, &added[t], used);

    descend_block_free(&optimizer->allocator, optimizer->table.block);
    block->next = optimizer->blocks;
    optimizer->blocks = block;
    optimizer->table = table;
    optimizer->tensors += count;
    optimizer->partials += partials;
    optimizer->elements += elements;
    descend_plan_build(optimizer);
    return DESCEND_OK;
}

descend_status descend_optimizer_set_grad(descend_optimizer *optimizer, size_t number, float *grad)
{
    if (optimizer == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (number >= optimizer->tensors)
        return DESCEND_BAD_TENSOR;
    struct tensor *tensor = &optimizer->table.tensor[number];
    if (grad != NULL) {
        struct span span = {0, 0};
        size_t count = 0;
        const size_t bytes = tensor->n * sizeof(float);
        const descend_status status = check_array(grad, tensor->n, sizeof(float), &span, &count);
        if (status != DESCEND_OK)
            return status;
        if (overlaps_any(tensor->param, bytes, &span, count) ||
            overlaps_any(tensor->copy, tensor->n * sizeof(uint16_t), &span, count) ||
            state_overlaps_any(optimizer, tensor, &span, count))
            return DESCEND_OVERLAP;
    }
    tensor->grad = grad;
    return DESCEND_OK;
}
