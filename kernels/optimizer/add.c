/* SPDX-License-Identifier: MIT */
/* Adding tensors: first all checks, then all allocations, then the change. */
#include "optimizer/object.h"

#include <string.h>

#include "optimizer/place.h"
#include "optimizer/plan.h"
#include "utf8.h"

static const uint64_t exact_max = UINT64_C(1) << 53; /* a double holds every integer up to this one */

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

static bool may_be(const descend_array *state, descend_dtype smallest)
{
    return state->dtype == DESCEND_F32 ||
           (smallest != DESCEND_F32 && (state->dtype == DESCEND_BF16 || state->dtype == smallest));
}

static descend_status check_dtypes(const descend_tensor *tensor, const struct descend_rule *rule)
{
    const descend_dtype param = tensor->param.dtype, grad = tensor->grad.dtype, copy = tensor->copy.dtype;
    if (param != DESCEND_F32 && param != DESCEND_BF16 && param != DESCEND_BF16_SPLIT)
        return DESCEND_BAD_DTYPE;
    if (grad != DESCEND_F32 && grad != DESCEND_BF16 && grad != DESCEND_F16)
        return DESCEND_BAD_DTYPE;
    if (tensor->copy.data && (param != DESCEND_F32 || (copy != DESCEND_BF16 && copy != DESCEND_F16)))
        return DESCEND_BAD_DTYPE;
    for (size_t i = 0; i < rule->state_count; i++) {
        if (!may_be(&tensor->state[i], rule->states[i].smallest))
            return DESCEND_BAD_DTYPE;
        if (storage_second(tensor->state[i].dtype, 1) && tensor->first % STORAGE_BLOCK != 0)
            return DESCEND_BAD_FIRST;
    }
    return DESCEND_OK;
}

static descend_status check_fields(const descend_tensor *tensor)
{
    for (size_t i = 0; i < sizeof tensor->reserved / sizeof *tensor->reserved; i++)
        if (tensor->reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    if (tensor->name == NULL || *tensor->name == '\0' || !utf8_valid(tensor->name, strlen(tensor->name)))
        return DESCEND_BAD_NAME;
    if (tensor->n > PTRDIFF_MAX / sizeof(float))
        return DESCEND_BAD_N;
    if (tensor->step > exact_max)
        return DESCEND_BAD_STEP;
    return check_shard(tensor);
}

static descend_status check_tensor(const descend_tensor *tensor, const struct descend_rule *rule)
{
    descend_status status = check_fields(tensor);
    if (status == DESCEND_OK)
        status = check_dtypes(tensor, rule);
    if (status != DESCEND_OK)
        return status;
    if (tensor->n > 0 && tensor->param.data == NULL)
        return DESCEND_NULL_ARRAY;
    status = descend_array_check(&tensor->param, tensor->n);
    if (status == DESCEND_OK)
        status = descend_array_check(&tensor->grad, tensor->n);
    if (status == DESCEND_OK)
        status = descend_array_check(&tensor->copy, tensor->n);
    for (size_t i = 0; i < rule->state_count && status == DESCEND_OK; i++) {
        const descend_array *state = &tensor->state[i];
        const size_t length = descend_state_length(rule, i, tensor->n);
        if (state->data && state->second == NULL && second_bytes(state, length) > 0)
            return DESCEND_NULL_ARRAY;
        status = descend_array_check(state, length);
    }
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
    new.partial = (descend_squares *)(void *)(new.tensor + new.tensor_room);
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
    struct tensor tensor = {.param = from->param,
                            .grad = from->grad,
                            .copy = from->copy,
                            .n = from->n,
                            .step = from->step,
                            .group = group,
                            .partial = partial,
                            .segments = segments_of(from),
                            .first = from->first,
                            .whole = from->whole,
                            .rows = from->rows,
                            .columns = from->columns};
    tensor.is_float32 = tensor.param.dtype == DESCEND_F32 && tensor.grad.dtype == DESCEND_F32;
    for (size_t i = 0; i < states; i++) {
        tensor.state[i] = from->state[i];
        tensor.state[i].second = from->state[i].data ? from->state[i].second : NULL;
        tensor.is_float32 = tensor.is_float32 && from->state[i].dtype == DESCEND_F32;
        tensor.initialised |= (from->step > 0 && from->state[i].data ? 1u : 0u) << i;
    }
    return tensor;
}

/* Tensors that are being added. */
struct addition {
    descend_optimizer *optimizer;
    const descend_tensor *from;
    struct tensor *to; /* behind those of the optimizer in its table */
    size_t count, partials;
    size_t span_bytes, name_bytes, state_bytes;
    unsigned group;
    struct block *block; /* of their spans, names and states */
};

/* The spans that a tensor may have in the tree: of all arrays that are given, and of the gradient, which may be set. */
static size_t count_spans(const descend_tensor *tensor, size_t states)
{
    size_t count = 6; /* two for each of param, grad and copy */
    for (size_t i = 0; i < states; i++)
        count += tensor->state[i].data ? 2 : 0;
    return count;
}

/* The bytes of the lower halves of a split parameter, where they are not given. */
static size_t lower_bytes(const struct tensor *tensor)
{
    const size_t bytes = tensor->param.second ? 0 : second_bytes(&tensor->param, tensor->n);
    return bytes > 0 ? (bytes / MEMORY_ALIGNMENT + 1) * MEMORY_ALIGNMENT : 0;
}

/* Counts what a checked tensor needs. */
static void count_needs(struct addition *a, const descend_tensor *from)
{
    const struct descend_rule *rule = a->optimizer->rule;
    const struct tensor tensor = tensor_from(from, a->group, rule->state_count, 0);
    const size_t states = descend_size_add(lower_bytes(&tensor), 1,
                                           descend_states_bytes(rule, &tensor, a->optimizer->group[a->group].used));
    a->partials += tensor.segments.count;
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
        a->to[t].name_hash = descend_name_hash(a->to[t].name);
        const size_t lower = lower_bytes(&a->to[t]);
        if (lower > 0)
            a->to[t].param.second = memset(states, 0, lower);
        states += lower;
        states = descend_states_place(rule, states, &a->to[t], a->optimizer->group[a->group].used);
        partial += a->to[t].segments.count;
        name += size;
    }
}

static struct name *find_name(const struct addition *a, size_t t)
{
    const struct table *table = &a->optimizer->table;
    return descend_names_find(table->names, table->slots, table->tensor, a->to[t].name_hash, a->to[t].name);
}

/* Takes the names of the first `count` new tensors out again, in the reverse order, so that none of those left has been
 * put behind one that is taken out. */
static void remove_names(const struct addition *a, size_t count)
{
    while (count-- > 0)
        find_name(a, count)->place = 0;
}

static descend_status enter_names(const struct addition *a)
{
    for (size_t t = 0; t < a->count; t++) {
        struct name *const name = find_name(a, t);
        if (name->place != 0) {
            remove_names(a, t);
            return DESCEND_DUPLICATE_NAME;
        }
        *name = (struct name){a->to[t].name_hash, a->optimizer->tensors + t + 1};
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

/* Enters an array of n elements, with both its parts. *end are the spans that were used. */
static bool enter_array(const struct addition *a, struct span **end, const descend_array *array, size_t n)
{
    return enter_span(a->optimizer, (*end)++, array->data, data_bytes(array, n)) &&
           enter_span(a->optimizer, (*end)++, array->second, array->data ? second_bytes(array, n) : 0);
}

/* Enters the arrays of a new tensor from a span on; false where one overlaps. */
static bool enter_tensor(const struct addition *a, size_t t, struct span **end)
{
    const struct descend_rule *rule = a->optimizer->rule;
    const descend_tensor *from = &a->from[t];
    a->to[t].grad_span = *end;
    bool entered = enter_array(a, end, &from->grad, from->n) && enter_array(a, end, &from->param, from->n) &&
                   enter_array(a, end, &from->copy, from->n);
    for (size_t i = 0; i < rule->state_count && entered; i++)
        if (from->state[i].data)
            entered = enter_array(a, end, &from->state[i], descend_state_length(rule, i, from->n));
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
static bool overlaps_own(const struct descend_rule *rule, const struct tensor *tensor, const descend_array *grad)
{
    const size_t n = tensor->n;
    bool any = descend_arrays_overlap(grad, n, &tensor->param, n) || descend_arrays_overlap(grad, n, &tensor->copy, n);
    for (size_t i = 0; i < rule->state_count; i++)
        any = any || descend_arrays_overlap(grad, n, &tensor->state[i], descend_state_length(rule, i, n));
    return any;
}

descend_status descend_optimizer_set_grad(descend_optimizer *optimizer, size_t number, void *data)
{
    descend_status status = descend_object_check(optimizer);
    if (status != DESCEND_OK)
        return status;
    if (number >= optimizer->tensors)
        return DESCEND_BAD_TENSOR;
    struct tensor *tensor = &optimizer->table.tensor[number];
    const descend_array grad = {.data = data, .dtype = tensor->grad.dtype};
    status = descend_array_check(&grad, tensor->n);
    if (status != DESCEND_OK)
        return status;
    if (data == tensor->grad.data)
        return DESCEND_OK;
    if (data && tensor->n > 0 && overlaps_own(optimizer->rule, tensor, &grad))
        return DESCEND_OVERLAP;
    if (tensor->grad.data && tensor->n > 0)
        descend_spans_remove(&optimizer->spans, tensor->grad_span);
    if (data && tensor->n > 0)
        descend_spans_insert(&optimizer->spans, tensor->grad_span, data, data_bytes(&grad, tensor->n));
    tensor->grad = grad;
    return DESCEND_OK;
}
