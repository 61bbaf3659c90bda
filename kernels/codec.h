/* SPDX-License-Identifier: MIT */
/*
 * Storage types: blocks of CODEC_BLOCK elements from float32 into the type and back (docs/numerics.md, rules 10 to 12).
 * All blocks have all elements; those at the end of an array are completed in other memory.
 *
 * Two vectors of floats are worked on as their upper and their lower halves, 16-bit words of which a register holds
 * twice as many (vec/scalar.h).
 */
#ifndef DESCEND_CODEC_H
#define DESCEND_CODEC_H

#include <stdbool.h>

#include "descend/exec.h"
#include "random.h"
#include "storage.h"
#include "vec/vec.h"

#define CODEC_INLINE static inline __attribute__((always_inline))

enum {
    CODEC_BLOCK = STORAGE_BLOCK,
    CODEC_STEP = 2 * VF_LANES, /* the elements of one vw */
    B8_TOP = 126,              /* the greatest code of a number; the next one means NaN */
    UB8_TOP = 254
};

/* Where the 16 bits come from that decide on rounding up. */
struct codec_rounding {
    bool random;    /* else to the nearest */
    uint64_t key;   /* of the array (random.h) */
    uint32_t first; /* the lower 32 bits of the index of the block's first element; they do not overflow in it */
};

/* The numbers of one vector: a running product, which the caller adds to. */
CODEC_INLINE vi codec_random_start(const struct codec_rounding *rounding)
{
    const vi lanes = vi_mul(vi_iota(), vi_set1(0x9e3779b9));
    return vi_add(lanes, vi_set1(rounding->first * 0x9e3779b9u + (uint32_t)rounding->key));
}

CODEC_INLINE vi codec_random_mix(vi x, uint64_t key)
{
    x = vi_mul(vi_xor(x, vi_shift_right(x, 16)), vi_set1(0x7feb352d));
    return vi_mul(vi_xor(vi_xor(x, vi_set1((uint32_t)(key >> 32))), vi_shift_right(x, 15)), vi_set1(0x846ca68b));
}

/* 16 random bits for each of CODEC_STEP elements, from element i of the block on. */
CODEC_INLINE vw codec_random(const struct codec_rounding *rounding, vi start, size_t i)
{
    const vi a = vi_add(start, vi_set1((uint32_t)i * 0x9e3779b9u));
    const vi b = vi_add(a, vi_set1(VF_LANES * 0x9e3779b9u));
    return vw_upper(codec_random_mix(a, rounding->key), codec_random_mix(b, rounding->key));
}

/* CODEC_STEP floats. */
struct codec_pair {
    vf a, b;
};

CODEC_INLINE struct codec_pair codec_load_f32(const float *from, size_t i)
{
    return (struct codec_pair){vf_load_f32(from, i), vf_load_f32(from, i + VF_LANES)};
}

CODEC_INLINE void codec_store_f32(float *to, size_t i, struct codec_pair x)
{
    vf_store_f32(to, i, x.a);
    vf_store_f32(to, i + VF_LANES, x.b);
}

CODEC_INLINE struct codec_pair codec_join(vw upper, vw lower)
{
    return (struct codec_pair){vf_of_vi(vw_join_a(upper, lower)), vf_of_vi(vw_join_b(upper, lower))};
}

CODEC_INLINE struct codec_pair codec_load_bf16(const uint16_t *from, size_t i)
{
    return codec_join(vw_load_u16(from, i), vw_set1(0));
}

CODEC_INLINE void codec_store_bf16(uint16_t *to, size_t i, struct codec_pair x, const struct codec_rounding *rounding,
                                   vi start)
{
    const vi a = vi_canonical(x.a), b = vi_canonical(x.b);
    const vw upper = vw_upper(a, b), odd = vw_and(upper, vw_set1(1));
    const vw r = rounding->random ? codec_random(rounding, start, i) : vw_add(vw_set1(0x7fff), odd);
    vw_store_u16(to, i, vw_add_carry(upper, vw_lower(a, b), r));
}

CODEC_INLINE struct codec_pair codec_load_f16(const uint16_t *from, size_t i)
{
    return (struct codec_pair){vf_load_f16(from, i), vf_load_f16(from, i + VF_LANES)};
}

CODEC_INLINE void codec_store_f16(uint16_t *to, size_t i, struct codec_pair x)
{
    vf_store_f16(to, i, x.a);
    vf_store_f16(to, i + VF_LANES, x.b);
}

/* Where the lower half is negative, the upper one was rounded up. */
CODEC_INLINE struct codec_pair codec_load_split(const uint16_t *from, const uint16_t *second, size_t i)
{
    const vw lower = vw_load_u16(second, i), rounded = vw_load_u16(from, i);
    const vw cut = vw_add(rounded, vw_set1(0xffff)); /* - 1 */
    return codec_join(vw_if_equal(vw_shift_right(lower, 15), vw_set1(0), rounded, cut), lower);
}

/* The nearest bfloat16, ties away from zero, and what is missing to the float32 in units of its last place. */
CODEC_INLINE void codec_store_split(uint16_t *to, uint16_t *second, size_t i, struct codec_pair x)
{
    const vi a = vi_canonical(x.a), b = vi_canonical(x.b);
    const vw lower = vw_lower(a, b);
    vw_store_u16(to, i, vw_add_carry(vw_upper(a, b), lower, vw_set1(0x8000)));
    vw_store_u16(second, i, lower);
}

/* The base of a block: such that its greatest finite magnitude has the code top or, rounded up, the one below NaN's. */
CODEC_INLINE uint16_t codec_base(const float *from, unsigned top)
{
    const vw infinity = vw_set1(0x7f80);
    vw most = vw_set1(0);
    for (size_t i = 0; i < CODEC_BLOCK; i += CODEC_STEP) {
        const vw bits = vw_upper(vi_of_vf(vf_load_f32(from, i)), vi_of_vf(vf_load_f32(from, i + VF_LANES)));
        const vw magnitude = vw_and(bits, vw_set1(0x7fff));
        most = vw_max(most, vw_if_equal(vw_and(bits, infinity), infinity, vw_set1(0), magnitude));
    }
    const unsigned above = (vw_greatest(most) >> 4) + 1, base = above > top ? above - top : 0;
    const unsigned limit = 0x7f8 - (top + 1); /* leaves infinity above the greatest code of a number */
    return (uint16_t)(base < limit ? base : limit);
}

/* The magnitude's upper 12 bits, which are exponent and 3 bits of mantissa, rounded up where the 16 bits below them
 * carry with the random ones; less the base; at most NaN's code, which infinity has, too. */
CODEC_INLINE vw codec_code(vw upper, vw lower, vw random, vw base, unsigned top)
{
    const vw below = vw_or(vw_shift_left(upper, 12), vw_shift_right(lower, 4));
    const vw magnitude = vw_shift_right(vw_and(upper, vw_set1(0x7fff)), 4);
    return vw_min(vw_sub(vw_add_carry(magnitude, below, random), base), vw_set1(top + 1));
}

CODEC_INLINE void codec_store_8(uint8_t *to, size_t i, struct codec_pair x, bool is_signed, vw base,
                                const struct codec_rounding *rounding, vi start)
{
    const unsigned top = is_signed ? B8_TOP : UB8_TOP;
    const vi a = vi_of_vf(x.a), b = vi_of_vf(x.b);
    const vw upper = vw_upper(a, b);
    const vw random = rounding->random ? codec_random(rounding, start, i) : vw_set1(0x8000);
    vw code = codec_code(upper, vw_lower(a, b), random, base, top);
    if (is_signed) {
        const vw sign = vw_and(vw_shift_right(upper, 8), vw_set1(0x80));
        code = vw_or(code, vw_if_equal(code, vw_set1(top + 1), vw_set1(0), sign));
    }
    vw_store_u8(to, i, code);
}

CODEC_INLINE struct codec_pair codec_load_8(const uint8_t *from, size_t i, bool is_signed, vw base)
{
    const vw zero = vw_set1(0), nan = vw_set1((is_signed ? B8_TOP : UB8_TOP) + 1);
    const vw byte = vw_load_u8(from, i), code = is_signed ? vw_and(byte, vw_set1(0x7f)) : byte;
    vw upper = vw_if_equal(code, nan, vw_set1(0x7fc0), vw_shift_left(vw_add(code, base), 4));
    if (is_signed)
        upper = vw_or(vw_if_equal(code, zero, zero, upper), vw_and(vw_shift_left(byte, 8), vw_set1(0x8000)));
    return codec_join(upper, zero);
}

/* CODEC_STEP elements of a block, from element i on. second: the block's words. */
CODEC_INLINE struct codec_pair codec_load(descend_dtype type, const void *data, const uint16_t *second, size_t i)
{
    switch (type) {
    case DESCEND_F32:
        return codec_load_f32(data, i);
    case DESCEND_BF16:
        return codec_load_bf16(data, i);
    case DESCEND_F16:
        return codec_load_f16(data, i);
    case DESCEND_BF16_SPLIT:
        return codec_load_split(data, second, i);
    default:
        return codec_load_8(data, i, type == DESCEND_B8, vw_set1(*second));
    }
}

/* Stores a block. */
CODEC_INLINE void codec_store_block(descend_dtype type, void *data, uint16_t *second, const float *from,
                                    const struct codec_rounding *rounding)
{
    const vi start = codec_random_start(rounding);
    vw base = vw_set1(0);
    if (type == DESCEND_B8 || type == DESCEND_UB8) {
        *second = codec_base(from, type == DESCEND_B8 ? B8_TOP : UB8_TOP);
        base = vw_set1(*second);
    }
    for (size_t i = 0; i < CODEC_BLOCK; i += CODEC_STEP) {
        const struct codec_pair x = codec_load_f32(from, i);
        if (type == DESCEND_BF16)
            codec_store_bf16(data, i, x, rounding, start);
        else if (type == DESCEND_F16)
            codec_store_f16(data, i, x);
        else if (type == DESCEND_BF16_SPLIT)
            codec_store_split(data, second, i, x);
        else
            codec_store_8(data, i, x, type == DESCEND_B8, base, rounding, start);
    }
}

/* Loads a block. */
CODEC_INLINE void codec_load_block(descend_dtype type, float *to, const void *data, const uint16_t *second)
{
    for (size_t i = 0; i < CODEC_BLOCK; i += CODEC_STEP)
        codec_store_f32(to, i, codec_load(type, data, second, i));
}

#endif
