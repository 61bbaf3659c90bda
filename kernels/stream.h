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

/* One vector's worth of elements from i on, of which count exist. */
STREAM_INLINE void stream_vector(stream_update *update, const void *scalars, unsigned options, unsigned reads,
                                 unsigned writes, struct layout type, const struct descend_streams *streams, size_t i,
                                 size_t count)
{
    void *const *state = streams->state;
    const vf g = stream_load(type.grad, streams->grad, i, count);
    const vf p = stream_load(type.param, streams->param, i, count);
    vf s0 = reads & 1 ? stream_load(type.state, state[0], i, count) : vf_set1(1.0f);
    vf s1 = reads & 2 ? stream_load(type.state, state[1], i, count) : vf_set1(1.0f);
    vf s2 = reads & 4 ? stream_load(type.state, state[2], i, count) : vf_set1(1.0f);

    const vf updated = update(scalars, options, p, g, &s0, &s1, &s2);

    stream_store(type.param, streams->param, i, updated, count);
    if (writes & 1)
        stream_store(type.state, state[0], i, s0, count);
    if (writes & 2)
        stream_store(type.state, state[1], i, s1, count);
    if (writes & 4)
        stream_store(type.state, state[2], i, s2, count);
}

STREAM_INLINE void stream(stream_update *update, const void *scalars, unsigned options, unsigned reads, unsigned writes,
                          struct layout type, const struct descend_streams *streams, size_t begin, size_t end)
{
    /* A copy whose address does not escape: stores to the arrays cannot change it, so that it stays in registers. */
    const struct descend_streams local = *streams;
    size_t i = begin;
    for (; end - i >= VF_LANES; i += VF_LANES)
        stream_vector(update, scalars, options, reads, writes, type, &local, i, VF_LANES);
    if (i < end)
        stream_vector(update, scalars, options, reads, writes, type, &local, i, end - i);
}

#endif
