/* SPDX-License-Identifier: MIT */
/* The loops over the elements, with their tails: one that updates parameters, one that sums norms. All kernels are made
 * of these. */
#ifndef DESCEND_STREAM_H
#define DESCEND_STREAM_H

#include "extras.h"
#include "kernels.h"
#include "squares.h"

/* Inlining is what turns the options and masks below into constants. */
#define STREAM_INLINE static inline __attribute__((always_inline))

struct formula {
    formula_half *first, *second;
};

/* A rule with two passes updates its states in STREAM_REDUCE; STREAM_AFTER_REDUCE reads the new states and no gradient.
 */
enum stream_pass { STREAM_ONLY, STREAM_REDUCE, STREAM_AFTER_REDUCE };

/* The arguments of a loop. All but scalars and arrays are constants once it is inlined. */
struct stream {
    struct formula formula;
    const void *scalars;
    unsigned options;
    struct state_use use;
    enum stream_pass pass;
    struct descend_streams arrays;
};

STREAM_INLINE vf stream_load(const void *array, size_t i, size_t count)
{
    return count == VF_LANES ? vf_load_f32(array, i) : vf_load_f32_part(array, i, count);
}

STREAM_INLINE void stream_store(void *array, size_t i, vf x, size_t count)
{
    if (count == VF_LANES)
        vf_store_f32(array, i, x);
    else
        vf_store_f32_part(array, i, x, count);
}

STREAM_INLINE vf stream_load_state(const struct stream *k, unsigned state, size_t i, size_t count)
{
    return k->use.read >> state & 1 ? stream_load(k->arrays.state[state], i, count) : vf_set1(1.0f);
}

STREAM_INLINE void stream_store_state(const struct stream *k, unsigned state, size_t i, vf s, size_t count)
{
    if ((k->use.written >> state & 1) && k->pass != STREAM_AFTER_REDUCE)
        stream_store(k->arrays.state[state], i, s, count);
}

/* Takes the count <= VF_LANES elements from i through the formula's first half; v then holds what the second needs. */
STREAM_INLINE void stream_first(const struct stream *k, size_t i, size_t count, struct lanes *v)
{
    v->p = stream_load(k->arrays.param, i, count);
    v->g = k->pass == STREAM_AFTER_REDUCE ? vf_set1(1.0f) : stream_load(k->arrays.grad, i, count);
    v->x = vf_set1(1.0f);
    v->s[0] = stream_load_state(k, 0, i, count);
    v->s[1] = stream_load_state(k, 1, i, count);
    v->s[2] = stream_load_state(k, 2, i, count);
    v->s[3] = stream_load_state(k, 3, i, count);
    k->formula.first(k->scalars, k->options, v);
    stream_store_state(k, 0, i, v->s[0], count);
    stream_store_state(k, 1, i, v->s[1], count);
    stream_store_state(k, 2, i, v->s[2], count);
    stream_store_state(k, 3, i, v->s[3], count);
}

/* Loads the parameter a second time: keeping it in a register costs more than a load from the first-level cache. */
STREAM_INLINE void stream_second(const struct stream *k, size_t i, size_t count, struct lanes *v)
{
    v->p = stream_load(k->arrays.param, i, count);
    k->formula.second(k->scalars, k->options, v);
    stream_store(k->arrays.param, i, v->p, count);
}

STREAM_INLINE void stream_one(const struct stream *k, size_t i, size_t count)
{
    struct lanes v;
    stream_first(k, i, count, &v);
    stream_second(k, i, count, &v);
}

/* Four whole vectors, all through the first half before any goes through the second, so that the roots
 * and divisions of several vectors overlap (docs/performance.md). */
STREAM_INLINE void stream_four(const struct stream *k, size_t i)
{
    struct lanes a, b, c, d;
    stream_first(k, i, VF_LANES, &a);
    stream_first(k, i + VF_LANES, VF_LANES, &b);
    stream_first(k, i + 2 * VF_LANES, VF_LANES, &c);
    stream_first(k, i + 3 * VF_LANES, VF_LANES, &d);
    stream_second(k, i, VF_LANES, &a);
    stream_second(k, i + VF_LANES, VF_LANES, &b);
    stream_second(k, i + 2 * VF_LANES, VF_LANES, &c);
    stream_second(k, i + 3 * VF_LANES, VF_LANES, &d);
}

/* Extras are applied to chunks of this many elements, one chunk behind the update: applied to the chunk just updated
 * they would wait for its last divisions (docs/performance.md). */
enum { STREAM_CHUNK = VF_LANES > 1 ? 16 * VF_LANES : 1024 };

/* Updates all whole groups of four vectors; returns the first element that is left. Where a vector has one lane, a
 * plain loop over all elements, for the compiler to vectorise. */
STREAM_INLINE size_t stream_groups(const struct stream *k, size_t i, size_t end)
{
    if (VF_LANES > 1)
        for (; end - i >= 4 * VF_LANES; i += 4 * VF_LANES)
            stream_four(k, i);
    else
        for (; i < end; i++)
            stream_one(k, i, 1);
    return i;
}

/* Updates the elements after the last whole group. */
STREAM_INLINE void stream_rest(const struct stream *k, size_t i, size_t end)
{
    for (; end - i >= VF_LANES; i += VF_LANES)
        stream_one(k, i, VF_LANES);
    if (i < end)
        stream_one(k, i, end - i);
}

STREAM_INLINE void stream_bare(const struct stream *k, size_t begin, size_t end)
{
    stream_rest(k, stream_groups(k, begin, end), end);
}

/* bare is the kernel of the same formula and options without extras. It updates the rest, and all elements where a
 * vector has one lane: another copy of its loop would only be longer code. */
STREAM_INLINE void stream_with_extras(const struct stream *k, descend_stream_kernel *bare,
                                      const struct descend_streams *streams, size_t begin, size_t end)
{
    size_t i = begin, done = begin;
    for (; end - i >= STREAM_CHUNK; done = i, i += STREAM_CHUNK) {
        if (VF_LANES > 1)
            stream_groups(k, i, i + STREAM_CHUNK);
        else
            bare(k->scalars, streams, i, i + STREAM_CHUNK);
        extras_range(streams, k->use.written, done, i);
    }
    bare(k->scalars, streams, i, end);
    extras_range(streams, k->use.written, done, end);
}

/* Takes the count <= VF_LANES elements from i through the first half alone. Returns the values whose squares are
 * summed: the unchanged parameters in p, and the step in x. */
STREAM_INLINE struct lanes stream_step(const struct stream *k, size_t i, size_t count)
{
    struct lanes v;
    stream_first(k, i, count, &v);
    v.p = stream_load(k->arrays.param, i, count);
    return v;
}

STREAM_INLINE void stream_reduce(const struct stream *k, size_t begin, size_t end, struct descend_norm_lanes *lanes)
{
    struct squares_lanes params = squares_load(lanes->param), steps = squares_load(lanes->step);
    float rest[2][SQUARES_LANES] = {{0}};
    size_t i = begin;
    for (; end - i >= SQUARES_LANES; i += SQUARES_LANES)
        for (size_t u = 0; u < SQUARES_VECTORS; u++) {
            const struct lanes v = stream_step(k, i + u * VF_LANES, VF_LANES);
            squares_add(&steps, u, v.x);
            squares_add(&params, u, v.p);
        }
    for (size_t at = 0; i + at < end; at += VF_LANES) {
        const size_t left = end - i - at, count = left < VF_LANES ? left : VF_LANES;
        const struct lanes v = stream_step(k, i + at, count);
        stream_store(rest[0], at, v.p, count);
        stream_store(rest[1], at, v.x, count);
    }
    for (size_t u = 0; u < SQUARES_VECTORS; u++) {
        squares_add(&params, u, vf_load_f32(rest[0], u * VF_LANES));
        squares_add(&steps, u, vf_load_f32(rest[1], u * VF_LANES));
    }
    squares_store(lanes->param, &params);
    squares_store(lanes->step, &steps);
}

#endif
