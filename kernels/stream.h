/* The loop over the elements and its tail, and the same for a first phase, which reduces: the only ones. */
#ifndef DESCEND_STREAM_H
#define DESCEND_STREAM_H

#include "kernels.h"
#include "squares.h"

/* Inlining is what turns the options, masks and element types below into constants. */
#define STREAM_INLINE static inline __attribute__((always_inline))

#define ELEMENT_INDEX(type) ELEMENT_##type,
enum element { DESCEND_ELEMENTS(ELEMENT_INDEX) };
#undef ELEMENT_INDEX

struct layout {
    enum element param, grad, state;
};

/*
 * A formula in two halves. The first moves the state: it may change g, and returns what else the second needs to know
 * (a root, say). The second moves the parameter, and returns it.
 */
typedef vf stream_state(const void *scalars, unsigned options, vf p, vf *g, vf *s0, vf *s1, vf *s2);
typedef vf stream_param(const void *scalars, unsigned options, vf p, vf g, vf x, vf s0, vf s1, vf s2);

struct formula {
    stream_state *state;
    stream_param *param;
};

STREAM_INLINE vf stream_load(enum element type, const void *array, size_t i, size_t count)
{
    switch (type) {
#define LOAD(T)       \
    case ELEMENT_##T: \
        return count == VF_LANES ? vf_load_##T(array, i) : vf_load_##T##_part(array, i, count);
        DESCEND_ELEMENTS(LOAD)
#undef LOAD
    }
    return vf_set1(1.0f);
}

STREAM_INLINE void stream_store(enum element type, void *array, size_t i, vf x, size_t count)
{
    switch (type) {
#define STORE(T)                                     \
    case ELEMENT_##T:                                \
        if (count == VF_LANES)                       \
            vf_store_##T(array, i, x);               \
        else                                         \
            vf_store_##T##_part(array, i, x, count); \
        break;
        DESCEND_ELEMENTS(STORE)
#undef STORE
    }
}

/* Of an optimizer with two phases the first is the formula's first half, and the second all of it, on states that have
 * been moved and without the gradient. */
enum phase { PHASE_ONLY, PHASE_FIRST, PHASE_SECOND };

/* What a loop needs to know; all of it is constant, but for the arrays. */
struct stream {
    enum descend_body body;
    enum phase phase;
    unsigned options, reads, writes; /* of the formula; one bit per state array */
    struct layout type;
    struct descend_streams arrays;
};

STREAM_INLINE vf stream_flush(const struct stream *k, vf x)
{
    return k->body == BODY_FULL && k->arrays.flush ? vf_flush(x) : x;
}

STREAM_INLINE void stream_copy(const struct stream *k, size_t i, vf p, size_t count)
{
    if (k->arrays.copy_type == COPY_BF16 && count == VF_LANES)
        vf_store_bf16(k->arrays.copy, i, p);
    else if (k->arrays.copy_type == COPY_BF16)
        vf_store_bf16_part(k->arrays.copy, i, p, count);
    else if (k->arrays.copy_type == COPY_F16 && count == VF_LANES)
        vf_store_f16(k->arrays.copy, i, p);
    else if (k->arrays.copy_type == COPY_F16)
        vf_store_f16_part(k->arrays.copy, i, p, count);
}

/* A second phase finds its states as the first left them, subnormals too: then it was not their last use. */
STREAM_INLINE void stream_keep(const struct stream *k, unsigned state, size_t i, vf s, size_t count)
{
    const bool flush = k->body == BODY_FULL && k->arrays.flush;
    if ((k->writes >> state & 1) && (k->phase != PHASE_SECOND || flush))
        stream_store(k->type.state, k->arrays.state[state], i, k->phase == PHASE_FIRST ? s : stream_flush(k, s), count);
}

/* Elements i on, of which count exist, through the first half. The caller's vectors then hold what the second needs. */
STREAM_INLINE void stream_first(struct formula formula, const void *scalars, const struct stream *k, size_t i,
                                size_t count, vf *g, vf *x, vf *s0, vf *s1, vf *s2)
{
    const vf p = stream_load(k->type.param, k->arrays.param, i, count);
    *g = k->phase == PHASE_SECOND ? vf_set1(1.0f) : stream_load(k->type.grad, k->arrays.grad, i, count);
    if (k->body == BODY_FULL && k->phase != PHASE_SECOND) {
        *g = vf_mul(*g, vf_set1(k->arrays.grad_scale));
        if (k->arrays.zero)
            stream_store(k->type.grad, k->arrays.zero, i, vf_set1(0.0f), count);
    }
    *s0 = k->reads & 1 ? stream_load(k->type.state, k->arrays.state[0], i, count) : vf_set1(1.0f);
    *s1 = k->reads & 2 ? stream_load(k->type.state, k->arrays.state[1], i, count) : vf_set1(1.0f);
    *s2 = k->reads & 4 ? stream_load(k->type.state, k->arrays.state[2], i, count) : vf_set1(1.0f);
    *x = formula.state(scalars, k->options, p, g, s0, s1, s2);
    stream_keep(k, 0, i, *s0, count);
    stream_keep(k, 1, i, *s1, count);
    stream_keep(k, 2, i, *s2, count);
}

/* The parameter is read again: a register is worth more than a load from the first-level cache. */
STREAM_INLINE void stream_second(struct formula formula, const void *scalars, const struct stream *k, size_t i,
                                 size_t count, vf g, vf x, vf s0, vf s1, vf s2)
{
    vf p = stream_load(k->type.param, k->arrays.param, i, count);
    p = stream_flush(k, formula.param(scalars, k->options, p, g, x, s0, s1, s2));
    stream_store(k->type.param, k->arrays.param, i, p, count);
    if (k->body == BODY_FULL)
        stream_copy(k, i, p, count);
}

STREAM_INLINE void stream_one(struct formula formula, const void *scalars, const struct stream *k, size_t i,
                              size_t count)
{
    vf g, x, s0, s1, s2;
    stream_first(formula, scalars, k, i, count, &g, &x, &s0, &s1, &s2);
    stream_second(formula, scalars, k, i, count, g, x, s0, s1, s2);
}

/* Four whole vectors, all through the first half before any goes through the second, so that roots are on their way
 * while others are begun (docs/performance.md). Named vectors: there are no arrays of sizeless ones. */
STREAM_INLINE void stream_four(struct formula formula, const void *scalars, const struct stream *k, size_t i)
{
#define VECTORS(u) vf g##u, x##u, s0##u, s1##u, s2##u;
#define FIRST(u) stream_first(formula, scalars, k, i + u * VF_LANES, VF_LANES, &g##u, &x##u, &s0##u, &s1##u, &s2##u);
#define SECOND(u) stream_second(formula, scalars, k, i + u * VF_LANES, VF_LANES, g##u, x##u, s0##u, s1##u, s2##u);
#define EACH(X) X(0) X(1) X(2) X(3)
    EACH(VECTORS)
    EACH(FIRST)
    EACH(SECOND)
#undef EACH
#undef SECOND
#undef FIRST
#undef VECTORS
}

/* Elements i on, of which count exist, through the first half, which is all that a first phase does: the parameters,
 * and what the half returns. */
STREAM_INLINE vf stream_step(struct formula formula, const void *scalars, const struct stream *k, size_t i,
                             size_t count, vf *p)
{
    vf g, x, s0, s1, s2;
    stream_first(formula, scalars, k, i, count, &g, &x, &s0, &s1, &s2);
    *p = stream_load(k->type.param, k->arrays.param, i, count);
    return x;
}

STREAM_INLINE struct descend_norms stream_norms(struct formula formula, const void *scalars, struct stream k,
                                                size_t begin, size_t end)
{
    struct squares_lanes params = squares_zero(), steps = squares_zero();
    float rest[2][SQUARES_LANES] = {{0}};
    size_t i = begin;
    vf p;
    for (; end - i >= SQUARES_LANES; i += SQUARES_LANES)
        for (size_t v = 0; v < SQUARES_VECTORS; v++) {
            squares_add(&steps, v, stream_step(formula, scalars, &k, i + v * VF_LANES, VF_LANES, &p));
            squares_add(&params, v, p);
        }
    for (size_t at = 0; i + at < end; at += VF_LANES) {
        const size_t left = end - i - at, count = left < VF_LANES ? left : VF_LANES;
        const vf x = stream_step(formula, scalars, &k, i + at, count, &p);
        stream_store(ELEMENT_f32, rest[0], at, p, count);
        stream_store(ELEMENT_f32, rest[1], at, x, count);
    }
    for (size_t v = 0; v < SQUARES_VECTORS; v++) {
        squares_add(&params, v, vf_load_f32(rest[0], v * VF_LANES));
        squares_add(&steps, v, vf_load_f32(rest[1], v * VF_LANES));
    }
    return (struct descend_norms){squares_total(&params), squares_total(&steps)};
}

STREAM_INLINE void stream(struct formula formula, const void *scalars, struct stream k, size_t begin, size_t end)
{
    size_t i = begin;
    if (k.phase == PHASE_FIRST) {
        *k.arrays.norms = stream_norms(formula, scalars, k, begin, end);
        return;
    }
    /* One lane is left to the compiler's vectoriser. Full bodies work where memory is what counts; in fours they would
     * take most of the compile time. */
    if (VF_LANES > 1 && k.body == BODY_BARE)
        for (; end - i >= 4 * VF_LANES; i += 4 * VF_LANES)
            stream_four(formula, scalars, &k, i);
    for (; end - i >= VF_LANES; i += VF_LANES)
        stream_one(formula, scalars, &k, i, VF_LANES);
    if (i < end)
        stream_one(formula, scalars, &k, i, end - i);
}

#endif
