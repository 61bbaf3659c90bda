/* SPDX-License-Identifier: MIT */
/* Loops over arrays that are not all stored as float32: block by block they are loaded into float32, go through the
 * kernels for float32, and are stored. */
#ifndef DESCEND_STORED_H
#define DESCEND_STORED_H

#include <stdalign.h>
#include <string.h>

#include "codec.h"
#include "extras.h"
#include "kernels.h"

/* Room for a block of an array, as float32. */
struct stored_room {
    alignas(64) float element[STORAGE_BLOCK];
};

/* Where in second a block's words begin, from whose element i on it is. */
static inline size_t stored_second(descend_dtype type, size_t i)
{
    return type == DESCEND_BF16_SPLIT ? i : i / STORAGE_BLOCK;
}

/* Not inlined, as stored_store is not: compiled once for each ISA. */
static __attribute__((noinline)) void stored_load(descend_dtype type, struct stored_room *to, const void *data,
                                                  const void *second, size_t i, size_t count)
{
    const void *from = (const char *)data + i * storage_size(type);
    const uint16_t *from_second = second ? (const uint16_t *)second + stored_second(type, i) : NULL;
    uint16_t padded[STORAGE_BLOCK], padded_second[STORAGE_BLOCK];
    if (count < STORAGE_BLOCK) {
        memset(padded, 0, sizeof padded);
        from = memcpy(padded, from, count * storage_size(type));
        if (from_second)
            from_second = memcpy(padded_second, from_second, storage_second(type, count) * sizeof *from_second);
    }
    if (type == DESCEND_BF16)
        codec_load_block(DESCEND_BF16, to->element, from, from_second);
    else if (type == DESCEND_F16)
        codec_load_block(DESCEND_F16, to->element, from, from_second);
    else if (type == DESCEND_BF16_SPLIT)
        codec_load_block(DESCEND_BF16_SPLIT, to->element, from, from_second);
    else if (type == DESCEND_B8)
        codec_load_block(DESCEND_B8, to->element, from, from_second);
    else
        codec_load_block(DESCEND_UB8, to->element, from, from_second);
}

/* What lies in the room behind the block's last element becomes 0: it has no part in the block's base. */
static __attribute__((noinline)) void stored_store(descend_dtype type, void *data, void *second, size_t i, size_t count,
                                                   struct stored_room *from, const struct codec_rounding *rounding)
{
    void *const to = (char *)data + i * storage_size(type);
    uint16_t *const to_second = second ? (uint16_t *)second + stored_second(type, i) : NULL;
    uint16_t padded[STORAGE_BLOCK], padded_second[STORAGE_BLOCK];
    const bool whole = count == STORAGE_BLOCK;
    memset(from->element + count, 0, (STORAGE_BLOCK - count) * sizeof *from->element);
    void *const target = whole ? to : padded;
    uint16_t *const target_second = whole ? to_second : padded_second;
    if (type == DESCEND_BF16)
        codec_store_block(DESCEND_BF16, target, target_second, from->element, rounding);
    else if (type == DESCEND_F16)
        codec_store_block(DESCEND_F16, target, target_second, from->element, rounding);
    else if (type == DESCEND_BF16_SPLIT)
        codec_store_block(DESCEND_BF16_SPLIT, target, target_second, from->element, rounding);
    else if (type == DESCEND_B8)
        codec_store_block(DESCEND_B8, target, target_second, from->element, rounding);
    else
        codec_store_block(DESCEND_UB8, target, target_second, from->element, rounding);
    if (whole)
        return;
    memcpy(to, padded, count * storage_size(type));
    if (to_second)
        memcpy(to_second, padded_second, storage_second(type, count) * sizeof *to_second);
}

static inline void stored_add(float *to, const float *from, size_t count)
{
    size_t i = 0;
    for (; count - i >= VF_LANES; i += VF_LANES)
        vf_store_f32(to, i, vf_add(vf_load_f32(to, i), vf_load_f32(from, i)));
    const size_t rest = count - i;
    vf_store_f32_part(to, i, vf_add(vf_load_f32_part(to, i, rest), vf_load_f32_part(from, i, rest)), rest);
}

/* The elements from i on that are in one block: in 2^32 elements that share a key, too. */
static inline size_t stored_count(const struct descend_streams *streams, size_t i, size_t end)
{
    const uint64_t to_next_key = (UINT64_C(1) << 32) - (uint32_t)(streams->first + i);
    const size_t count = end - i < STORAGE_BLOCK ? end - i : STORAGE_BLOCK;
    return count < to_next_key ? count : (size_t)to_next_key;
}

/* A block of all arrays. */
struct stored_block {
    struct stored_room param, grad, state[STATES_MAX];
    struct descend_streams streams; /* the block, as float32 */
};

static inline void *stored_open(const struct descend_stored *how, void *data, struct stored_room *room, size_t i,
                                size_t count, bool read)
{
    if (how->type == DESCEND_F32)
        return (float *)data + i;
    if (read)
        stored_load(how->type, room, data, how->second, i, count);
    return room->element;
}

/* By the random numbers of an array from element i on. */
static inline struct codec_rounding stored_rounding(const struct descend_streams *streams, unsigned array, size_t i)
{
    const uint64_t element = streams->first + i;
    return (struct codec_rounding){
        .random = true,
        .key = random_array_key(streams->layout->step_key, array, element),
        .first = (uint32_t)element,
    };
}

static inline void stored_close(const struct descend_streams *streams, const struct descend_stored *how, unsigned array,
                                void *data, struct stored_room *room, size_t i, size_t count)
{
    struct codec_rounding rounding = {.random = true};
    if (how->type == DESCEND_F32)
        return;
    if (how->type != DESCEND_BF16_SPLIT)
        rounding = stored_rounding(streams, array, i);
    stored_store(how->type, data, how->second, i, count, room, &rounding);
}

/* Loads the count elements from i on. */
static inline void stored_open_block(struct stored_block *block, const struct descend_streams *streams,
                                     struct state_use use, size_t i, size_t count)
{
    const struct descend_layout *layout = streams->layout;
    block->streams = (struct descend_streams){.first = streams->first + i, .flush = streams->flush};
    block->streams.param = stored_open(&layout->param, streams->param, &block->param, i, count, true);
    if (layout->grad == DESCEND_F32) {
        block->streams.grad = (const float *)streams->grad + i;
    } else {
        stored_load(layout->grad, &block->grad, streams->grad, NULL, i, count);
        block->streams.grad = block->grad.element;
    }
    for (unsigned s = 0; s < STATES_MAX; s++)
        if ((use.read | use.written) >> s & 1)
            block->streams.state[s] =
                stored_open(&layout->state[s], streams->state[s], &block->state[s], i, count, use.read >> s & 1);
    if (streams->copy) {
        block->streams.copy = (uint16_t *)streams->copy + i;
        block->streams.copy_type = streams->copy_type;
    }
}

/* A block by way of float32. */
static void stored_block_update(descend_stream_kernel *kernel, const void *scalars,
                                const struct descend_streams *streams, struct state_use use, size_t i, size_t count)
{
    const struct descend_layout *layout = streams->layout;
    struct stored_block block;
    stored_open_block(&block, streams, use, i, count);
    kernel(scalars, &block.streams, 0, count);
    extras_range(&block.streams, use.written, 0, count);
    stored_close(streams, &layout->param, 0, streams->param, &block.param, i, count);
    for (unsigned s = 0; s < STATES_MAX; s++)
        if (use.written >> s & 1)
            stored_close(streams, &layout->state[s], 1 + s, streams->state[s], &block.state[s], i, count);
}

static void stored_update(descend_stream_kernel *kernel, descend_direct_kernel *direct, const void *scalars,
                          const struct descend_streams *streams, struct state_use use, size_t begin, size_t end)
{
    const size_t grad_size = storage_size(streams->layout->grad);
    const bool bare = !streams->flush && !streams->copy;
    for (size_t i = begin, count; i < end; i += count) {
        count = stored_count(streams, i, end);
        if (direct && bare && count == STORAGE_BLOCK)
            direct(scalars, streams, i);
        else
            stored_block_update(kernel, scalars, streams, use, i, count);
        if (streams->zero)
            memset((char *)streams->zero + i * grad_size, 0, count * grad_size);
    }
}

/* The states of rules that reduce are float32. */
static void stored_reduce(descend_reduce_kernel *kernel, const void *scalars, const struct descend_streams *streams,
                          struct state_use use, size_t begin, size_t end, struct descend_norm_lanes *lanes)
{
    struct stored_block block;
    for (size_t i = begin, count; i < end; i += count) {
        count = end - i < STORAGE_BLOCK ? end - i : STORAGE_BLOCK;
        stored_open_block(&block, streams, use, i, count);
        kernel(scalars, &block.streams, 0, count, lanes);
    }
}

#endif
