/* SPDX-License-Identifier: MIT */
/* Adding tensors: first all checks, then all allocations, then the change. */
#include "optimizer/object.h"

#include <string.h>

#include "optimizer/place.h"
#include "optimizer/plan.h"
#include "utf8.h"

static const uint64_t exact_max = UINT64_C(1) << 53; /* a double holds every integer up to this one */

/* Checks that an array of n elements of this size, which is at most 4, may be there. */
static descend_status check_array(const void *data, size_t n, size_t element)
{
    if (n == 0 || data == NULL)
        return DESCEND_OK;
    if ((uintptr_t)data % element != 0)
        return DESCEND_MISALIGNED;
    return (uintptr_t)data > UINTPTR_MAX - n * element ? DESCEND_BAD_N : DESCEND_OK;
}

/* Checks the place of the elements in the whole tensor, and the shape of that tensor. */
static descend_status check_shard(const descend_tensor *tensor)
{
    const uint64_t whole = tensor->whole ? tensor->whole : exact_max;
    if (whole > exact_max || tensor->n > whole || tensor->first > whole - tensor->n)
        return DESCEND_BAD_FIRST;
    const uint64_t elements = tensor->whole ? tensor->whole : tensor->n;
    if (tensor->rows == 0 || tensor->columns == 0) /* both: not given */
        return tensor->rows == tensor->columns || elements == 0 ? DESCEND_OK : DESCEND_BAD_SHAPE;
    if (elements % tensor->rows != 0 || elements / tensor->rows != tensor->columns)
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

static descend_status check_tensor(const descend_tensor *tensor, const struct descend_rule *rule)
{
    descend_status status = check_fields(tensor, rule->state_count);
    if (status != DESCEND_OK)
        return status;
    if (tensor->n > 0 && tensor->param.data == NULL)
        return DESCEND_NULL_ARRAY;
    status = check_array(tensor->param.data, tensor->n, sizeof(float));
    if (status == DESCEND_OK)
        status = check_array(tensor->grad.data, tensor->n, sizeof(float));
    if (status == DESCEND_OK)
        status = check_array(tensor->copy.data, tensor->n, sizeof(uint16_t));
    for (size_t i = 0; i < rule->state_count && status == DESCEND_OK; i++)
        status = check_array(tensor->state[i].data, descend_state_length(rule, i, tensor->n), sizeof(float));
    return status;
}

/* Makes room in the table; twice the old one at least, so that adding tensors one by one takes linear time. */
static bool reserve(descend_optimizer *optimizer, size_t tensors, size_t partials)
{
    struct table *old = &optimizer->table, new = *old;
    if (tensors <= old->tensor_room && partials <= old->partial_room)
        return true;
    new.tensor_room = tensors > 2 * old->tensor_room ? tensors : 2 * old->tensor_room;
    new.partial_room = partials > 2 * old->partial_room ? partials : 2 * old->partial_room;
    new.slots = descend_names_slots(new.tensor_room);
    const size_t norms = optimizer->rule->after_reduce ? new.partial_room : 0;
    size_t bytes = descend_size_add(0, new.tensor_room, sizeof *new.tensor);
    bytes = descend_size_add(bytes, new.partial_room, sizeof *new.partial);
    bytes = descend_size_add(bytes, norms, sizeof *new.norms);
    bytes = descend_size_add(bytes, new.tensor_room + 1, sizeof *new.work_before);
    bytes = descend_size_add(bytes, new.slots, sizeof *new.names);
    if ((new.block = descend_block_new(&optimizer->allocator, bytes)) == NULL)
        return false;
    new.tensor = (struct tensor *)(void *)new.block->bytes;
    new.partial = (struct descend_squares *)(void *)(new.tensor + new.tensor_room);
    new.norms = (struct descend_norms *)(void *)(new.partial + new.partial_room);
    new.work_before = (uint64_t *)(void *)(new.norms + norms);
    new.names = (struct name *)(void *)(new.work_before + new.tensor_room + 1);
    memset(new.names, 0, new.slots * sizeof *new.names);
    descend_names_move(new.names, new.slots, old->names, old->slots);
    new.work_before[0] = 0;
    if (old->block != NULL) {
        memcpy(new.tensor, old->tensor, optimizer->tensors * sizeof *new.tensor);
        memcpy(new.work_before, old->work_before, (optimizer->tensors + 1) * sizeof *new.work_before);
        descend_block_free(&optimizer->allocator, old->block);
    }
    *old = new;
    return true;
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

/* Tensors that are being added. */
struct addition {
    descend_optimizer *optimizer;
    const descend_tensor *from;
    struct tensor *to; /* behind those of the optimizer in its table */
    size_t count, partials, elements;
    size_t span_bytes, name_bytes, state_bytes;
    unsigned group;
    struct block *block; /* of their spans, names and states */
};

/* The arrays of a tensor that may be in the tree of spans: all that are given, and the gradient, which may be set. */
static size_t count_spans(const descend_tensor *tensor, size_t states)
{
    size_t count = tensor->copy.data ? 3 : 2;
    for (size_t i = 0; i < states; i++)
        count += tensor->state[i].data ? 1 : 0;
    return count;
}

/* Counts what a checked tensor needs. */
static void count_needs(struct addition *a, const descend_tensor *from)
{
    const struct descend_rule *rule = a->optimizer->rule;
    const struct tensor tensor = tensor_from(from, a->group, rule->state_count, 0);
    const size_t states = descend_states_bytes(rule, &tensor, a->optimizer->group[a->group].used);
    a->partials += tensor.segments.count;
    a->elements += tensor.n;
    a->span_bytes = descend_size_add(a->span_bytes, count_spans(from, rule->state_count), sizeof(struct span));
    a->name_bytes = descend_size_add(a->name_bytes, 1, strlen(from->name) + 1);
    a->state_bytes = descend_size_add(a->state_bytes, 1, states);
}

/* Takes all memory; after a failure there is as much as before. */
static bool allocate(struct addition *a)
{
    const descend_allocator *allocator = &a->optimizer->allocator;
    a->name_bytes = descend_size_add(0, a->name_bytes / MEMORY_ALIGNMENT + 1, MEMORY_ALIGNMENT);
    a->span_bytes = descend_size_add(0, a->span_bytes / MEMORY_ALIGNMENT + 1, MEMORY_ALIGNMENT);
    a->block = descend_block_new(
        allocator, descend_size_add(descend_size_add(a->state_bytes, 1, a->name_bytes), 1, a->span_bytes));
    if (a->block == NULL)
        return false;
    if (reserve(a->optimizer, a->optimizer->tensors + a->count, a->optimizer->partials + a->partials))
        return true;
    descend_block_free(allocator, a->block);
    return false;
}

/* Writes the new tensors into the table, whose count is still without them. */
static void fill_table(struct addition *a)
{
    const struct descend_rule *rule = a->optimizer->rule;
    unsigned char *name = a->block->bytes + a->span_bytes, *states = name + a->name_bytes;
    size_t partial = a->optimizer->partials;
    a->to = a->optimizer->table.tensor + a->optimizer->tensors;
    for (size_t t = 0; t < a->count; t++) {
        const size_t size = strlen(a->from[t].name) + 1;
        a->to[t] = tensor_from(&a->from[t], a->group, rule->state_count, partial);
        a->to[t].name = memcpy(name, a->from[t].name, size);
        states = descend_states_place(rule, states, &a->to[t], a->optimizer->group[a->group].used);
        partial += a->to[t].segments.count;
        name += size;
    }
}

static struct name *find_name(const struct addition *a, size_t t, uint64_t hash)
{
    const struct table *table = &a->optimizer->table;
    return descend_names_find(table->names, table->slots, table->tensor, hash, a->to[t].name);
}

/* Takes the names of the first `count` new tensors out again, in the reverse order, so that none of those left has been
 * put behind one that is taken out. */
static void remove_names(const struct addition *a, size_t count)
{
    while (count-- > 0)
        find_name(a, count, descend_name_hash(a->to[count].name))->place = 0;
}

static descend_status enter_names(const struct addition *a)
{
    for (size_t t = 0; t < a->count; t++) {
        const uint64_t hash = descend_name_hash(a->to[t].name);
        struct name *const name = find_name(a, t, hash);
        if (name->place != 0) {
            remove_names(a, t);
            return DESCEND_DUPLICATE_NAME;
        }
        *name = (struct name){hash, a->optimizer->tensors + t + 1};
    }
    return DESCEND_OK;
}

/* Enters an array into the tree of spans, unless it overlaps another; one without elements is not entered. */
static bool enter_span(descend_optimizer *optimizer, struct span *span, const void *data, size_t bytes)
{
    span->end = 0;
    if (descend_spans_overlap(optimizer->spans, data, bytes))
        return false;
    if (data != NULL && bytes > 0)
        descend_spans_insert(&optimizer->spans, span, data, bytes);
    return true;
}

/* Enters the arrays of a new tensor from a span on; false where one overlaps. *end are the spans that were used. */
static bool enter_tensor(const struct addition *a, size_t t, struct span **end)
{
    descend_optimizer *optimizer = a->optimizer;
    const descend_tensor *from = &a->from[t];
    const size_t bytes = from->n * sizeof(float);
    bool entered = enter_span(optimizer, (*end)++, from->param.data, bytes);
    if (entered) {
        a->to[t].grad_span = *end;
        entered = enter_span(optimizer, (*end)++, from->grad.data, bytes);
    }
    if (entered && from->copy.data)
        entered = enter_span(optimizer, (*end)++, from->copy.data, from->n * sizeof(uint16_t));
    for (size_t i = 0; i < optimizer->rule->state_count && entered; i++)
        if (from->state[i].data)
            entered = enter_span(optimizer, (*end)++, from->state[i].data,
                                 descend_state_length(optimizer->rule, i, from->n) * sizeof(float));
    return entered;
}

static descend_status enter_spans(const struct addition *a)
{
    struct span *const spans = (struct span *)(void *)a->block->bytes, *end = spans;
    for (size_t t = 0; t < a->count; t++)
        if (!enter_tensor(a, t, &end)) {
            while (end-- > spans)
                if (end->end != 0)
                    descend_spans_remove(&a->optimizer->spans, end);
            return DESCEND_OVERLAP;
        }
    return DESCEND_OK;
}

/* Makes the new tensors the optimizer's. */
static void complete(const struct addition *a)
{
    descend_optimizer *optimizer = a->optimizer;
    struct group *group = &optimizer->group[a->group];
    uint64_t *work = optimizer->table.work_before + optimizer->tensors;
    for (size_t t = 0; t < a->count; t++, work++) {
        const size_t place = ++optimizer->tensors;
        work[1] = work[0] + descend_plan_work(&a->to[t]);
        *(group->last ? &optimizer->table.tensor[group->last - 1].next : &group->first) = place;
        group->last = place;
    }
    optimizer->partials += a->partials;
    optimizer->elements += a->elements;
    descend_object_keep(optimizer, a->block);
}

descend_status descend_optimizer_add(descend_optimizer *optimizer, unsigned group, const descend_tensor *tensors,
                                     size_t count)
{
    descend_status status = descend_object_check(optimizer);
    if (status != DESCEND_OK)
        return status;
    if (group >= optimizer->groups)
        return DESCEND_BAD_GROUP;
    if (tensors == NULL && count > 0)
        return DESCEND_BAD_TENSOR;
    if (count == 0)
        return DESCEND_OK;
    struct addition a = {.optimizer = optimizer, .from = tensors, .count = count, .group = group};
    for (size_t t = 0; t < count; t++) {
        status = check_tensor(&tensors[t], optimizer->rule);
        if (status != DESCEND_OK)
            return status;
        count_needs(&a, &tensors[t]);
    }
    if (!allocate(&a))
        return DESCEND_NO_MEMORY;
    fill_table(&a);
    status = enter_names(&a);
    if (status == DESCEND_OK && (status = enter_spans(&a)) != DESCEND_OK)
        remove_names(&a, count);
    if (status == DESCEND_OK)
        complete(&a);
    else
        descend_block_free(&optimizer->allocator, a.block);
    return status;
}

/* Whether a gradient shares memory with another array of its tensor. */
static bool overlaps_own(const struct descend_rule *rule, const struct tensor *tensor, const float *grad)
{
    const uintptr_t begin = (uintptr_t)grad, end = begin + tensor->n * sizeof(float);
    const void *data[2 + STATES_MAX] = {tensor->param, tensor->copy};
    size_t bytes[2 + STATES_MAX] = {tensor->n * sizeof(float), tensor->n * sizeof(uint16_t)};
    for (size_t i = 0; i < rule->state_count; i++) {
        data[2 + i] = tensor->state[i];
        bytes[2 + i] = descend_state_length(rule, i, tensor->n) * sizeof(float);
    }
    bool overlaps = false;
    for (size_t i = 0; i < LENGTH(data); i++)
        overlaps = overlaps || (data[i] && (uintptr_t)data[i] < end && begin < (uintptr_t)data[i] + bytes[i]);
    return overlaps;
}

descend_status descend_optimizer_set_grad(descend_optimizer *optimizer, size_t number, float *grad)
{
    descend_status status = descend_object_check(optimizer);
    if (status != DESCEND_OK)
        return status;
    if (number >= optimizer->tensors)
        return DESCEND_BAD_TENSOR;
    struct tensor *tensor = &optimizer->table.tensor[number];
    status = check_array(grad, tensor->n, sizeof(float));
    if (status != DESCEND_OK)
        return status;
    if (grad == tensor->grad)
        return DESCEND_OK;
    if (grad && tensor->n > 0 && overlaps_own(optimizer->rule, tensor, grad))
        return DESCEND_OVERLAP;
    if (tensor->grad && tensor->n > 0)
        descend_spans_remove(&optimizer->spans, tensor->grad_span);
    if (grad && tensor->n > 0)
        descend_spans_insert(&optimizer->spans, tensor->grad_span, grad, tensor->n * sizeof(float));
    tensor->grad = grad;
    return DESCEND_OK;
}
