/* The loop over the elements and its tail: the only one. */
#ifndef DESCEND_STREAM_H
#define DESCEND_STREAM_H

#include "kernels.h"

/* Inlining is what turns the options, masks and element types below into constants. */
#define STREAM_INLINE static inline __attribute__((always_inline))

#define ELEMENT_INDEX(type) ELEMENT_##type,
enum element { DESCEND_ELEMENTS(ELEMENT_INDEX) };
#undef ELEMENT_INDEX

struct layout {
    enum element param, grad, state;
};

/* A formula's update: p and g in, the new p out, the state vectors in place. */
typedef vf stream_update(const void *scalars, unsigned options, vf p, vf g, vf *s0, vf *s1, vf *s2);

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

/* What a loop needs to know; all of it is constant, but for the arrays. */
struct stream {
    unsigned options, reads, writes; /* of the formula; one bit per state array */
    struct layout type;
    struct descend_streams arrays;
};

/* One vector from each array in use: elements i on, of which count exist. */
STREAM_INLINE void stream_read(const struct stream *k, size_t i, size_t count, vf *p, vf *g, vf *s0, vf *s1, vf *s2)
{
    *g = stream_load(k->type.grad, k->arrays.grad, i, count);
    *p = stream_load(k->type.param, k->arrays.param, i, count);
    *s0 = k->reads & 1 ? stream_load(k->type.state, k->arrays.state[0], i, count) : vf_set1(1.0f);
    *s1 = k->reads & 2 ? stream_load(k->type.state, k->arrays.state[1], i, count) : vf_set1(1.0f);
    *s2 = k->reads & 4 ? stream_load(k->type.state, k->arrays.state[2], i, count) : vf_set1(1.0f);
}

STREAM_INLINE void stream_write(const struct stream *k, size_t i, size_t count, vf p, vf s0, vf s1, vf s2)
{
    stream_store(k->type.param, k->arrays.param, i, p, count);
    if (k->writes & 1)
        stream_store(k->type.state, k->arrays.state[0], i, s0, count);
    if (k->writes & 2)
        stream_store(k->type.state, k->arrays.state[1], i, s1, count);
    if (k->writes & 4)
        stream_store(k->type.state, k->arrays.state[2], i, s2, count);
}

STREAM_INLINE void stream_one(stream_update *update, const void *scalars, const struct stream *k, size_t i,
                              size_t count)
{
    vf p, g, s0, s1, s2;
    stream_read(k, i, count, &p, &g, &s0, &s1, &s2);
    p = update(scalars, k->options, p, g, &s0, &s1, &s2);
    stream_write(k, i, count, p, s0, s1, s2);
}

/* Two whole vectors, both read before either is written: 3 to 8 % faster than one by one (docs/performance.md). */
STREAM_INLINE void stream_two(stream_update *update, const void *scalars, const struct stream *k, size_t i)
{
    const size_t j = i + VF_LANES;
    vf p, g, s0, s1, s2, q, h, t0, t1, t2;
    stream_read(k, i, VF_LANES, &p, &g, &s0, &s1, &s2);
    stream_read(k, j, VF_LANES, &q, &h, &t0, &t1, &t2);
    p = update(scalars, k->options, p, g, &s0, &s1, &s2);
    q = update(scalars, k->options, q, h, &t0, &t1, &t2);
    stream_write(k, i, VF_LANES, p, s0, s1, s2);
    stream_write(k, j, VF_LANES, q, t0, t1, t2);
}

STREAM_INLINE void stream(stream_update *update, const void *scalars, struct stream k, size_t begin, size_t end)
{
    size_t i = begin;
    if (VF_LANES > 1) /* one lane is left to the compiler's vectoriser */
        for (; end - i >= 2 * VF_LANES; i += 2 * VF_LANES)
            stream_two(update, scalars, &k, i);
    for (; end - i >= VF_LANES; i += VF_LANES)
        stream_one(update, scalars, &k, i, VF_LANES);
    if (i < end)
        stream_one(update, scalars, &k, i, end - i);
}

#endif
