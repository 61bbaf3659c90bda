/* SPDX-License-Identifier: MIT */
#include "optimizer/place.h"

#include "optimizer/memory.h"

enum {
    PAGE = 4096,                         /* a load waits for an earlier store to an address that is equal modulo this */
    SPREAD_BYTES = 4 * PAGE,             /* arrays of at least so many bytes are moved by up to a page to avoid that */
    CANDIDATES = PAGE / MEMORY_ALIGNMENT /* addresses to choose from */
};

static size_t padded(size_t bytes)
{
    return descend_size_add(0, bytes / MEMORY_ALIGNMENT + 1, MEMORY_ALIGNMENT);
}

static bool needs_memory(const struct tensor *tensor, unsigned used, size_t state)
{
    return (used >> state & 1) && tensor->n > 0 && tensor->state[state].data == NULL;
}

size_t descend_states_bytes(const struct descend_rule *rule, const struct tensor *tensor, unsigned used)
{
    size_t bytes = 0;
    for (size_t state = 0; state < STATES_MAX; state++)
        if (needs_memory(tensor, used, state)) {
            const size_t length = descend_state_length(rule, state, tensor->n);
            const size_t data = data_bytes(&tensor->state[state], length), slack = data >= SPREAD_BYTES ? PAGE : 0;
            const size_t second = second_bytes(&tensor->state[state], length);
            bytes = descend_size_add(bytes, 1, descend_size_add(padded(data), slack, 1));
            bytes = descend_size_add(bytes, 1, second > 0 ? padded(second) : 0);
        }
    return bytes;
}

/* The distance of two addresses modulo PAGE, at most PAGE / 2. */
static size_t page_distance(uintptr_t a, uintptr_t b)
{
    const size_t distance = (a - b) % PAGE;
    return distance < PAGE / 2 ? distance : PAGE - distance;
}

/* The least page_distance of an address to the tensor's arrays. */
static size_t distance_to_arrays(uintptr_t address, const struct tensor *tensor)
{
    size_t least = page_distance(address, (uintptr_t)tensor->param.data);
    const size_t from_grad = page_distance(address, (uintptr_t)tensor->grad.data);
    least = tensor->grad.data && from_grad < least ? from_grad : least;
    for (size_t state = 0; state < STATES_MAX; state++) {
        const size_t from_state = page_distance(address, (uintptr_t)tensor->state[state].data);
        least = tensor->state[state].data && from_state < least ? from_state : least;
    }
    return least;
}

/* The address at or behind `address`, within a page, that is farthest modulo PAGE from the tensor's arrays. */
static uintptr_t farthest_address(uintptr_t address, const struct tensor *tensor)
{
    uintptr_t best = address;
    for (size_t place = 1; place < CANDIDATES; place++)
        if (distance_to_arrays(address + place * MEMORY_ALIGNMENT, tensor) > distance_to_arrays(best, tensor))
            best = address + place * MEMORY_ALIGNMENT;
    return best;
}

unsigned char *descend_states_place(const struct descend_rule *rule, unsigned char *memory, struct tensor *tensor,
                                    unsigned used)
{
    for (size_t state = 0; state < STATES_MAX; state++) {
        if (!needs_memory(tensor, used, state))
            continue;
        const size_t length = descend_state_length(rule, state, tensor->n);
        descend_array *const array = &tensor->state[state];
        const size_t data = data_bytes(array, length), second = second_bytes(array, length);
        if (data >= SPREAD_BYTES)
            memory += farthest_address((uintptr_t)memory, tensor) - (uintptr_t)memory;
        array->data = memory;
        array->second = second > 0 ? memory + padded(data) : NULL;
        tensor->own |= 1u << state;
        memory += padded(data) + (second > 0 ? padded(second) : 0);
    }
    return memory;
}
