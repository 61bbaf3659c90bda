/* Where the states lie that the object allocates. */
#include "object.h"

enum {
    PAGE = 4096,            /* loads and stores whose addresses agree modulo this hinder each other */
    SPREAD_FROM = 4 * PAGE, /* bytes of an array from which on that is worth up to a page */
    PLACES = PAGE / MEMORY_ALIGNMENT
};

static size_t rounded(size_t n)
{
    return descend_size(0, n / (MEMORY_ALIGNMENT / sizeof(float)) + 1, MEMORY_ALIGNMENT);
}

static bool lacks(const struct tensor *tensor, unsigned group, unsigned used, size_t state)
{
    return tensor->group == group && (used >> state & 1) && tensor->n > 0 && tensor->state[state] == NULL;
}

size_t descend_states_bytes(const struct descend_row *row, const struct tensor *tensors, size_t count, unsigned group,
                            unsigned used)
{
    size_t bytes = 0;
    for (size_t t = 0; t < count; t++)
        for (size_t state = 0; state < STATES_MAX; state++)
            if (lacks(&tensors[t], group, used, state)) {
                const size_t length = descend_state_length(row, state, tensors[t].n);
                const size_t slack = length >= SPREAD_FROM / sizeof(float) ? PAGE : 0;
                bytes = descend_size(bytes, 1, descend_size(rounded(length), slack, 1));
            }
    return bytes;
}

/* How far apart two addresses are modulo PAGE, at most PAGE / 2. */
static size_t apart(uintptr_t a, uintptr_t b)
{
    const size_t distance = (a - b) % PAGE;
    return distance < PAGE / 2 ? distance : PAGE - distance;
}

static size_t nearest(uintptr_t address, const struct tensor *tensor)
{
    size_t least = apart(address, (uintptr_t)tensor->param);
    const size_t from_grad = apart(address, (uintptr_t)tensor->grad);
    least = tensor->grad && from_grad < least ? from_grad : least;
    for (size_t state = 0; state < STATES_MAX; state++) {
        const size_t from_state = apart(address, (uintptr_t)tensor->state[state]);
        least = tensor->state[state] && from_state < least ? from_state : least;
    }
    return least;
}

/* The place from `address` on that is farthest from the tensor's arrays. */
static uintptr_t spread(uintptr_t address, const struct tensor *tensor)
{
    uintptr_t best = address;
    for (size_t place = 1; place < PLACES; place++)
        if (nearest(address + place * MEMORY_ALIGNMENT, tensor) > nearest(best, tensor))
            best = address + place * MEMORY_ALIGNMENT;
    return best;
}

void descend_states_place(const struct descend_row *row, unsigned char *memory, struct tensor *tensors, size_t count,
                          unsigned group, unsigned used)
{
    uintptr_t address = (uintptr_t)memory;
    for (size_t t = 0; t < count; t++) {
        struct tensor *tensor = &tensors[t];
        for (size_t state = 0; state < STATES_MAX; state++) {
            if (!lacks(tensor, group, used, state))
                continue;
            const size_t length = descend_state_length(row, state, tensor->n);
            if (length >= SPREAD_FROM / sizeof(float))
                address = spread(address, tensor);
            tensor->state[state] = (float *)(void *)(memory + (address - (uintptr_t)memory));
            address += rounded(length);
        }
    }
}

bool descend_states_get(descend_optimizer *optimizer, unsigned group, unsigned used)
{
    struct tensor *tensors = optimizer->table.tensor;
    const struct descend_row *row = row_of(optimizer);
    const size_t bytes = descend_states_bytes(row, tensors, optimizer->tensors, group, used);
    struct block *block = bytes > 0 ? descend_block_new(&optimizer->allocator, bytes) : NULL;
    if (block == NULL)
        return bytes == 0;
    descend_states_place(row, block->bytes, tensors, optimizer->tensors, group, used);
    block->next = optimizer->blocks;
    optimizer->blocks = block;
    return true;
}
