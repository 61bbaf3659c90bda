/* SPDX-License-Identifier: MIT */
/* What a step does beside the update, to elements that have been updated and are still in the first-level cache. */
#ifndef DESCEND_EXTRAS_H
#define DESCEND_EXTRAS_H

#include "kernels.h"

static inline void extras_zero(float *array, size_t begin, size_t end)
{
    size_t i = begin;
    for (; end - i >= VF_LANES; i += VF_LANES)
        vf_store_f32(array, i, vf_set1(0.0f));
    if (i < end)
        vf_store_f32_part(array, i, vf_set1(0.0f), end - i);
}

static inline void extras_flush(float *array, size_t begin, size_t end)
{
    size_t i = begin;
    for (; end - i >= VF_LANES; i += VF_LANES)
        vf_store_f32(array, i, vf_flush(vf_load_f32(array, i)));
    if (i < end)
        vf_store_f32_part(array, i, vf_flush(vf_load_f32_part(array, i, end - i)), end - i);
}

static inline void extras_copy_bf16(void *copy, const float *param, size_t begin, size_t end)
{
    size_t i = begin;
    for (; end - i >= 4 * VF_LANES; i += 4 * VF_LANES)
        vf_store_bf16_4(copy, i, vf_load_f32(param, i), vf_load_f32(param, i + VF_LANES),
                        vf_load_f32(param, i + 2 * VF_LANES), vf_load_f32(param, i + 3 * VF_LANES));
    for (; end - i >= VF_LANES; i += VF_LANES)
        vf_store_bf16(copy, i, vf_load_f32(param, i));
    if (i < end)
        vf_store_bf16_part(copy, i, vf_load_f32_part(param, i, end - i), end - i);
}

static inline void extras_copy_f16(void *copy, const float *param, size_t begin, size_t end)
{
    size_t i = begin;
    for (; end - i >= VF_LANES; i += VF_LANES)
        vf_store_f16(copy, i, vf_load_f32(param, i));
    if (i < end)
        vf_store_f16_part(copy, i, vf_load_f32_part(param, i, end - i), end - i);
}

/* Elements begin … end - 1; states: the state arrays that the update writes, one bit each. Not inlined: it is compiled
 * once for each ISA, not once for each kernel. */
static __attribute__((noinline)) void extras_range(const struct descend_streams *k, unsigned states, size_t begin,
                                                   size_t end)
{
    if (k->zero)
        extras_zero(k->zero, begin, end);
    if (k->flush) {
        extras_flush(k->param, begin, end);
        for (unsigned state = 0; state < STATES_MAX; state++)
            if (states >> state & 1)
                extras_flush(k->state[state], begin, end);
    }
    if (k->copy && k->copy_type == DESCEND_BF16)
        extras_copy_bf16(k->copy, k->param, begin, end);
    else if (k->copy)
        extras_copy_f16(k->copy, k->param, begin, end);
}

#endif
