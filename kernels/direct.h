/* SPDX-License-Identifier: MIT */
/* A loop over a block of arrays of storage types that are known when it is compiled, which loads and stores them
 * itself: faster than by way of float32 (stored.h), with the same bits, but a kernel for each rule, its options and the
 * types. */
#ifndef DESCEND_DIRECT_H
#define DESCEND_DIRECT_H

#include "stored.h"
#include "stream.h"

/* An array's block. */
struct direct_array {
    descend_dtype type;
    void *data;
    uint16_t *second;
    struct codec_rounding rounding;
    vi start; /* of the random numbers */
    vw base;
};

STREAM_INLINE struct direct_array direct_open(const struct descend_streams *streams, descend_dtype type, void *second,
                                              unsigned array, void *data, size_t i)
{
    struct direct_array a = {.type = type, .data = (char *)data + i * storage_size(type)};
    if (storage_second(type, 1))
        a.second = (uint16_t *)second + stored_second(type, i);
    if (type == DESCEND_F32 || type == DESCEND_BF16_SPLIT)
        return a;
    a.rounding = stored_rounding(streams, array, i);
    a.start = codec_random_start(&a.rounding);
    if (type != DESCEND_BF16)
        a.base = vw_set1(*a.second);
    return a;
}

STREAM_INLINE struct codec_pair direct_load(const struct direct_array *a, size_t j)
{
    if (a->type == DESCEND_F32)
        return codec_load_f32(a->data, j);
    if (a->type == DESCEND_BF16)
        return codec_load_bf16(a->data, j);
    if (a->type == DESCEND_BF16_SPLIT)
        return codec_load_split(a->data, a->second, j);
    return codec_load_8(a->data, j, a->type == DESCEND_B8, a->base);
}

/* 8-bit states go to the room: their base is known at the end of the block. */
STREAM_INLINE void direct_store(const struct direct_array *a, struct stored_room *room, size_t j, struct codec_pair x)
{
    if (a->type == DESCEND_F32)
        codec_store_f32(a->data, j, x);
    else if (a->type == DESCEND_BF16)
        codec_store_bf16(a->data, j, x, &a->rounding, a->start);
    else if (a->type == DESCEND_BF16_SPLIT)
        codec_store_split(a->data, a->second, j, x);
    else
        codec_store_f32(room->element, j, x);
}

STREAM_INLINE struct direct_array direct_open_state(const struct stream *k, const struct descend_streams *streams,
                                                    descend_dtype type, unsigned s, size_t i)
{
    if (!((k->use.read | k->use.written) >> s & 1))
        return (struct direct_array){.type = DESCEND_F32};
    return direct_open(streams, type, streams->layout->state[s].second, 1 + s, streams->state[s], i);
}

STREAM_INLINE void direct_load_state(const struct stream *k, const struct direct_array *state, unsigned s, size_t j,
                                     struct lanes *a, struct lanes *b)
{
    struct codec_pair x = {vf_set1(1.0f), vf_set1(1.0f)};
    if (k->use.read >> s & 1)
        x = direct_load(state, j);
    a->s[s] = x.a;
    b->s[s] = x.b;
}

STREAM_INLINE void direct_store_state(const struct stream *k, const struct direct_array *state,
                                      struct stored_room *room, unsigned s, size_t j, const struct lanes *a,
                                      const struct lanes *b)
{
    if (k->use.written >> s & 1)
        direct_store(state, room, j, (struct codec_pair){a->s[s], b->s[s]});
}

/* Stores an 8-bit state, all of whose block is in the room. */
STREAM_INLINE void direct_close_state(const struct stream *k, const struct direct_array *state,
                                      struct stored_room *room, unsigned s)
{
    if ((k->use.written >> s & 1) && (state->type == DESCEND_B8 || state->type == DESCEND_UB8))
        stored_store(state->type, state->data, state->second, 0, STORAGE_BLOCK, room, &state->rounding);
}

/* A block of rules with at most two states. */
STREAM_INLINE void direct_block(const struct stream *k, const struct descend_types *types,
                                const struct descend_streams *streams, size_t i)
{
    const struct direct_array param =
        direct_open(streams, types->param, streams->layout->param.second, 0, streams->param, i);
    const struct direct_array s0 = direct_open_state(k, streams, types->state[0], 0, i);
    const struct direct_array s1 = direct_open_state(k, streams, types->state[1], 1, i);
    const void *const grad = (const char *)streams->grad + i * storage_size(types->grad);
    struct stored_room room[2];
    for (size_t j = 0; j < STORAGE_BLOCK; j += CODEC_STEP) {
        const struct codec_pair p = direct_load(&param, j);
        const struct codec_pair g = codec_load(types->grad, grad, NULL, j);
        struct lanes a = {.p = p.a, .g = g.a, .x = vf_set1(1.0f)}, b = {.p = p.b, .g = g.b, .x = vf_set1(1.0f)};
        direct_load_state(k, &s0, 0, j, &a, &b);
        direct_load_state(k, &s1, 1, j, &a, &b);
        k->formula.first(k->scalars, k->options, &a);
        k->formula.first(k->scalars, k->options, &b);
        direct_store_state(k, &s0, &room[0], 0, j, &a, &b);
        direct_store_state(k, &s1, &room[1], 1, j, &a, &b);
        a.p = p.a, b.p = p.b;
        k->formula.second(k->scalars, k->options, &a);
        k->formula.second(k->scalars, k->options, &b);
        direct_store(&param, NULL, j, (struct codec_pair){a.p, b.p});
    }
    direct_close_state(k, &s0, &room[0], 0);
    direct_close_state(k, &s1, &room[1], 1);
}

#endif
