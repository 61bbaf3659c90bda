/* SPDX-License-Identifier: MIT */
/* Compiled once per ISA, like kernels/kernels.c. Uses the same loop as the library. */
#include "limit.h"
#include "storage.h"
#include "stream.h"

static inline void limit_first(const void *scalars, unsigned options, struct lanes *v)
{
    (void)scalars, (void)options;
    v->s[0] = vf_add(v->s[0], v->g);
    v->s[1] = vf_add(v->s[1], v->g);
    v->s[2] = vf_add(v->s[2], v->g);
    v->s[3] = vf_add(v->s[3], v->g);
    v->x = v->g;
}

static inline void limit_second(const void *scalars, unsigned options, struct lanes *v)
{
    (void)scalars, (void)options;
    v->p = vf_add(v->p, v->x);
}

#define LIMIT(states)                                                                                                \
    static void limit_##states(const void *scalars, const struct descend_streams *streams, size_t begin, size_t end) \
    {                                                                                                                \
        const struct state_use use = read_and_written((1u << (states)) - 1);                                         \
        const struct formula formula = {limit_first, limit_second};                                                  \
        const struct stream loop = {formula, scalars, 0, use, STREAM_ONLY, *streams};                                \
        stream_bare(&loop, begin, end);                                                                              \
    }
LIMIT(0)
LIMIT(1)
LIMIT(2)
LIMIT(3)
LIMIT(4)

/* What is only read is returned, or the compiler would leave the reading out. */
static uint32_t limit_bytes(const struct limit_array *arrays, size_t count, uint32_t nothing, size_t begin, size_t end)
{
    const vi zero = vi_set1(nothing);
    vi carried = zero;
    for (size_t block = begin; block < end; block += STORAGE_BLOCK)
        for (size_t k = 0; k < count; k++) {
            float *const data = (float *)(void *)((char *)arrays[k].data + block * arrays[k].size);
            const size_t words = STORAGE_BLOCK * arrays[k].size / sizeof(float);
            for (size_t i = 0; arrays[k].written && i < words; i += VF_LANES)
                vf_store_f32(data, i, vf_of_vi(vi_xor(vi_of_vf(vf_load_f32(data, i)), zero)));
            for (size_t i = 0; !arrays[k].written && i < words; i += VF_LANES)
                carried = vi_xor(carried, vi_of_vf(vf_load_f32(data, i)));
        }
    uint32_t lane[VF_LANES], sum = 0;
    vf_store_f32(lane, 0, vf_of_vi(carried));
    for (size_t i = 0; i < VF_LANES; i++)
        sum += lane[i];
    return sum;
}

#define PASTE(a, b) a##b
#define TABLE(isa) PASTE(limit_, isa)
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
extern const struct limit_kernels TABLE(VF_ISA);
const struct limit_kernels TABLE(VF_ISA) = {TEXT(VF_ISA), limit_bytes, {limit_0, limit_1, limit_2, limit_3, limit_4}};
