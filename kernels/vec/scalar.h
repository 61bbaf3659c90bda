/* SPDX-License-Identifier: MIT */
/*
 * The vector vocabulary with one lane in plain C: the reference whose bits the other headers must give.
 *
 *   vf                       a vector of VF_LANES floats
 *   vf_set1                  the same float in every lane
 *   vf_add … vf_sqrt         arithmetic, each result rounded once
 *   vf_quotient(x, d, r)     x / d, where r is 1 / d rounded; for the range of x and d see below
 *   vf_max(a, b)             NaN if a or b is NaN, else a > b ? a : b (of zeros of different sign: b)
 *   vf_abs                   clears the sign
 *   vf_if_greater(a, b, x, y)   x where a > b, else y; y also where a or b is NaN
 *   vf_flush                 +0 where x is subnormal, else x
 *   vf_load_T, vf_store_T    VF_LANES elements of storage type T, at element i of an array of any alignment. T is f32
 *                            or f16, for stores also bf16; the narrower ones rounded to nearest even, NaN kept
 *   vf_store_bf16_4          stores four vectors to consecutive elements
 *   vf_…_T_part              only the first count < VF_LANES elements, touching no others; further lanes load as 1
 *   vd                       a vector of VF_LANES doubles
 *   vd_zero, vd_widen        zeros; the doubles of a vf
 *   vd_add, vd_mul           arithmetic, each result rounded once
 *   vd_load, vd_store        from and to VF_LANES doubles, at element i of an array
 *   vi                       a vector of VF_LANES unsigned 32-bit integers, whose sums and products are cut to 32 bits
 *   vi_iota                  0 in the first lane, 1 in the second …
 *   vi_of_vf, vf_of_vi       the same bits
 *   vi_canonical             the bits of a vf, those of every NaN 7fc00000
 *   vw                       the 16-bit halves of two vectors: 2 · VF_LANES unsigned words, in any order of lanes, in
 *                            which load and store agree with upper, lower and join
 *   vw_upper, vw_lower       the upper, the lower halves of two vi
 *   vw_join_a, vw_join_b     the first, the second of the two vi that have these halves
 *   vw_load_T, vw_store_T    2 · VF_LANES elements at element i of an array, T u16 or u8; what is stored as u8 is < 256
 *   vw_add, vw_sub           the sum cut to 16 bits; the difference, 0 where b > a
 *   vw_add_carry(x, a, b)    x, and 1 more where a + b exceeds 16 bits
 *   vw_if_equal(a, b, x, y)  x where a = b, else y
 *   vw_greatest              the greatest of all words
 *
 * Shifts take a constant and fill with 0.
 *
 * vf_quotient is for a d that stays the same in a loop, where two FMAs are faster than a division. With q = x·r,
 * q + (x - q·d)·r with fused residual and sum is x / d correctly rounded, barring under- and overflow (Markstein,
 * "Computation of elementary functions on the IBM RISC System/6000 processor", 1990; Brisebarre, Muller and Raina,
 * "Accelerating correctly rounded floating-point division when the divisor is known in advance", IEEE ToC 2004). It
 * holds for 2^-27 <= d <= 1 and x = 0 or 2^-75 <= x < 2^64, as every root is. Where x is infinite the residual is NaN;
 * a maximum then replaces it by the lowest float, so that the sum stays infinite. tests/kernels/quotient.c is the test.
 */
#ifndef DESCEND_VEC_H
#define DESCEND_VEC_H

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VF_ISA scalar
#define VF_NEEDS 0

typedef float vf;
typedef double vd;
enum { VF_LANES = 1 };

static inline vf vf_set1(float x)
{
    return x;
}

static inline vf vf_add(vf a, vf b)
{
    return a + b;
}

static inline vf vf_sub(vf a, vf b)
{
    return a - b;
}

static inline vf vf_mul(vf a, vf b)
{
    return a * b;
}

static inline vf vf_div(vf a, vf b)
{
    return a / b;
}

static inline vf vf_quotient(vf x, vf d, vf r)
{
    (void)r;
    return x / d;
}

static inline vf vf_sqrt(vf a)
{
    return sqrtf(a);
}

static inline vf vf_max(vf a, vf b)
{
    return a > b || a != a ? a : b;
}

static inline vf vf_abs(vf a)
{
    return fabsf(a);
}

static inline vf vf_if_greater(vf a, vf b, vf x, vf y)
{
    return a > b ? x : y;
}

static inline vf vf_flush(vf a)
{
    return fabsf(a) < FLT_MIN ? 0.0f : a;
}

static inline vf vf_load_f32(const void *array, size_t i)
{
    return ((const float *)array)[i];
}

static inline void vf_store_f32(void *array, size_t i, vf x)
{
    ((float *)array)[i] = x;
}

static inline vf vf_load_f32_part(const void *array, size_t i, size_t count)
{
    return count > 0 ? vf_load_f32(array, i) : 1.0f;
}

static inline void vf_store_f32_part(void *array, size_t i, vf x, size_t count)
{
    if (count > 0)
        vf_store_f32(array, i, x);
}

static inline void vf_store_bf16(void *array, size_t i, vf x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
    ((uint16_t *)array)[i] = (uint16_t)((x != x ? bits | 0x400000 : rounded) >> 16);
}

static inline void vf_store_bf16_4(void *array, size_t i, vf a, vf b, vf c, vf d)
{
    vf_store_bf16(array, i, a);
    vf_store_bf16(array, i + VF_LANES, b);
    vf_store_bf16(array, i + 2 * VF_LANES, c);
    vf_store_bf16(array, i + 3 * VF_LANES, d);
}

static inline void vf_store_bf16_part(void *array, size_t i, vf x, size_t count)
{
    if (count > 0)
        vf_store_bf16(array, i, x);
}

static inline void vf_store_f16(void *array, size_t i, vf x)
{
    enum { INFINITE = 0x7c00, QUIET_NAN = 0x7e00, REBIAS = (127 - 15) << 23 };
    const float magnitude = fabsf(x), as_subnormal = magnitude + 0.5f; /* the last place of 0.5 is 2^-24, as f16's */
    uint32_t bits, subnormal_bits, sign;
    memcpy(&bits, &magnitude, sizeof bits);
    memcpy(&subnormal_bits, &as_subnormal, sizeof subnormal_bits);
    memcpy(&sign, &x, sizeof sign);
    uint32_t half = (bits - REBIAS + 0xfff + (bits >> 13 & 1)) >> 13;
    if (magnitude < 0x1p-14f)
        half = subnormal_bits & 0x7fff;
    if (magnitude >= 65520.0f)
        half = INFINITE;
    if (x != x)
        half = QUIET_NAN;
    ((uint16_t *)array)[i] = (uint16_t)((sign >> 16 & 0x8000) | half);
}

static inline void vf_store_f16_part(void *array, size_t i, vf x, size_t count)
{
    if (count > 0)
        vf_store_f16(array, i, x);
}

static inline vd vd_load(const double *array, size_t i)
{
    return array[i];
}

static inline vd vd_widen(vf x)
{
    return x;
}

static inline vd vd_add(vd a, vd b)
{
    return a + b;
}

static inline vd vd_mul(vd a, vd b)
{
    return a * b;
}

static inline void vd_store(double *array, size_t i, vd x)
{
    array[i] = x;
}

static inline vf vf_load_f16(const void *array, size_t i)
{
    const uint16_t half = ((const uint16_t *)array)[i];
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1f, mantissa = half & 0x3ff;
    const float subnormal = (float)mantissa * 0x1p-24f;
    uint32_t bits = (exponent + 127 - 15) << 23 | mantissa << 13;
    if (exponent == 0)
        memcpy(&bits, &subnormal, sizeof bits);
    else if (exponent == 0x1f)
        bits = 0x7f800000 | mantissa << 13;
    bits |= sign;
    vf x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

typedef uint32_t vi;

static inline vi vi_set1(uint32_t x)
{
    return x;
}

static inline vi vi_iota(void)
{
    return 0;
}

static inline vi vi_add(vi a, vi b)
{
    return a + b;
}

static inline vi vi_mul(vi a, vi b)
{
    return a * b;
}

static inline vi vi_xor(vi a, vi b)
{
    return a ^ b;
}

#define vi_shift_right(a, n) ((a) >> (n))

static inline vi vi_of_vf(vf x)
{
    vi bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline vf vf_of_vi(vi x)
{
    vf value;
    memcpy(&value, &x, sizeof value);
    return value;
}

static inline vi vi_canonical(vf x)
{
    return x != x ? 0x7fc00000 : vi_of_vf(x);
}

typedef struct {
    uint16_t a, b;
} vw;
#define VW(of_a, of_b) ((vw){(uint16_t)(of_a), (uint16_t)(of_b)})

static inline vw vw_set1(unsigned x)
{
    return VW(x, x);
}

static inline vw vw_upper(vi a, vi b)
{
    return VW(a >> 16, b >> 16);
}

static inline vw vw_lower(vi a, vi b)
{
    return VW(a, b);
}

static inline vi vw_join_a(vw upper, vw lower)
{
    return (vi)upper.a << 16 | lower.a;
}

static inline vi vw_join_b(vw upper, vw lower)
{
    return (vi)upper.b << 16 | lower.b;
}

static inline vw vw_load_u16(const void *array, size_t i)
{
    const uint16_t *from = (const uint16_t *)array + i;
    return VW(from[0], from[1]);
}

static inline void vw_store_u16(void *array, size_t i, vw x)
{
    uint16_t *to = (uint16_t *)array + i;
    to[0] = x.a, to[1] = x.b;
}

static inline vw vw_load_u8(const void *array, size_t i)
{
    const uint8_t *from = (const uint8_t *)array + i;
    return VW(from[0], from[1]);
}

static inline void vw_store_u8(void *array, size_t i, vw x)
{
    uint8_t *to = (uint8_t *)array + i;
    to[0] = (uint8_t)x.a, to[1] = (uint8_t)x.b;
}

static inline vw vw_add(vw a, vw b)
{
    return VW(a.a + b.a, a.b + b.b);
}

static inline vw vw_sub(vw a, vw b)
{
    return VW(a.a > b.a ? a.a - b.a : 0, a.b > b.b ? a.b - b.b : 0);
}

static inline vw vw_and(vw a, vw b)
{
    return VW(a.a & b.a, a.b & b.b);
}

static inline vw vw_or(vw a, vw b)
{
    return VW(a.a | b.a, a.b | b.b);
}

static inline vw vw_min(vw a, vw b)
{
    return VW(a.a < b.a ? a.a : b.a, a.b < b.b ? a.b : b.b);
}

static inline vw vw_max(vw a, vw b)
{
    return VW(a.a > b.a ? a.a : b.a, a.b > b.b ? a.b : b.b);
}

#define vw_shift_left(x, n) VW((x).a << (n), (x).b << (n))
#define vw_shift_right(x, n) VW((x).a >> (n), (x).b >> (n))

static inline vw vw_if_equal(vw a, vw b, vw x, vw y)
{
    return VW(a.a == b.a ? x.a : y.a, a.b == b.b ? x.b : y.b);
}

static inline vw vw_add_carry(vw x, vw a, vw b)
{
    return VW(x.a + ((a.a + b.a) >> 16), x.b + ((a.b + b.b) >> 16));
}

static inline unsigned vw_greatest(vw a)
{
    return a.a > a.b ? a.a : a.b;
}

#endif
