/* SPDX-License-Identifier: MIT */
/* The vector vocabulary that vec/scalar.h describes, in 16 lanes of AVX-512F and BW. */
#ifndef DESCEND_VEC_H
#define DESCEND_VEC_H

#include <float.h>
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define VF_ISA avx512
#define VF_NEEDS (CPU_AVX2 | CPU_FMA | CPU_F16C | CPU_AVX512F | CPU_AVX512BW)

typedef __m512 vf;
typedef struct {
    __m512d low, high;
} vd;
enum { VF_LANES = 16 };

static inline vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}

static inline vf vf_quotient(vf x, vf d, vf r)
{
    const vf q = _mm512_mul_ps(x, r), residual = _mm512_fnmadd_ps(q, d, x);
    return _mm512_fmadd_ps(_mm512_max_ps(residual, vf_set1(-FLT_MAX)), r, q);
}

static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}

static inline vf vf_max(vf a, vf b)
{
    /* maxps gives b where a or b is NaN. */
    return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
}

static inline vf vf_abs(vf a)
{
    return _mm512_abs_ps(a);
}

static inline vf vf_if_greater(vf a, vf b, vf x, vf y)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_GT_OQ), y, x);
}

static inline vf vf_flush(vf a)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(vf_abs(a), vf_set1(FLT_MIN), _CMP_NLT_UQ), a);
}

static inline vf vf_load_f32(const void *array, size_t i)
{
    return _mm512_loadu_ps((const float *)array + i);
}

static inline void vf_store_f32(void *array, size_t i, vf x)
{
    _mm512_storeu_ps((float *)array + i, x);
}

static inline __mmask16 vf_first(size_t count)
{
    return (__mmask16)((1u << count) - 1);
}

static inline vf vf_load_f32_part(const void *array, size_t i, size_t count)
{
    return _mm512_mask_loadu_ps(vf_set1(1.0f), vf_first(count), (const float *)array + i);
}

static inline void vf_store_f32_part(void *array, size_t i, vf x, size_t count)
{
    _mm512_mask_storeu_ps((float *)array + i, vf_first(count), x);
}

/* bf16 and f16 in the low halves of 32-bit lanes. */
static inline __m512i vf_to_bf16(vf x)
{
    const __m512i bits = _mm512_castps_si512(x),
                  odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    const __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    return _mm512_srli_epi32(_mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000)), 16);
}

static inline __m512i vf_to_f16(vf x)
{
    /* The masked form: the plain one, a macro in builds without optimisation, passes -1 for an unsigned mask. */
    return _mm512_cvtepu16_epi32(_mm512_maskz_cvtps_ph(vf_first(VF_LANES), x, _MM_FROUND_TO_NEAREST_INT));
}

/* Narrowed in a register: a store that narrows takes Zen 4 many times as long. */
static inline void vf_store_low_halves(void *array, size_t i, __m512i lanes)
{
    _mm256_storeu_si256((__m256i *)(void *)((uint16_t *)array + i), _mm512_cvtepi32_epi16(lanes));
}

static inline void vf_store_bf16(void *array, size_t i, vf x)
{
    vf_store_low_halves(array, i, vf_to_bf16(x));
}

static inline __m512i vf_to_bf16_no_nan(vf x)
{
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    return _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd), 16);
}

static inline void vf_store_bf16_4(void *array, size_t i, vf a, vf b, vf c, vf d)
{
    const vf x[] = {a, b, c, d};
    if (_mm512_cmp_ps_mask(a, b, _CMP_UNORD_Q) | _mm512_cmp_ps_mask(c, d, _CMP_UNORD_Q))
        for (size_t u = 0; u < 4; u++)
            vf_store_bf16(array, i + u * VF_LANES, x[u]);
    else
        for (size_t u = 0; u < 4; u++)
            vf_store_low_halves(array, i + u * VF_LANES, vf_to_bf16_no_nan(x[u]));
}

static inline void vf_store_bf16_part(void *array, size_t i, vf x, size_t count)
{
    _mm512_mask_cvtepi32_storeu_epi16((uint16_t *)array + i, vf_first(count), vf_to_bf16(x));
}

static inline void vf_store_f16(void *array, size_t i, vf x)
{
    vf_store_low_halves(array, i, vf_to_f16(x));
}

static inline void vf_store_f16_part(void *array, size_t i, vf x, size_t count)
{
    _mm512_mask_cvtepi32_storeu_epi16((uint16_t *)array + i, vf_first(count), vf_to_f16(x));
}

static inline vd vd_load(const double *array, size_t i)
{
    return (vd){_mm512_loadu_pd(array + i), _mm512_loadu_pd(array + i + 8)};
}

static inline vd vd_widen(vf x)
{
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(x), 1));
    return (vd){_mm512_cvtps_pd(_mm512_castps512_ps256(x)), _mm512_cvtps_pd(high)};
}

static inline vd vd_add(vd a, vd b)
{
    return (vd){_mm512_add_pd(a.low, b.low), _mm512_add_pd(a.high, b.high)};
}

static inline vd vd_mul(vd a, vd b)
{
    return (vd){_mm512_mul_pd(a.low, b.low), _mm512_mul_pd(a.high, b.high)};
}

static inline void vd_store(double *array, size_t i, vd x)
{
    _mm512_storeu_pd(array + i, x.low);
    _mm512_storeu_pd(array + i + 8, x.high);
}

static inline vf vf_load_f16(const void *array, size_t i)
{
    return _mm512_maskz_cvtph_ps(vf_first(VF_LANES),
                                 _mm256_loadu_si256((const __m256i *)(const void *)((const uint16_t *)array + i)));
}

typedef __m512i vi;

static inline vi vi_set1(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}

static inline vi vi_iota(void)
{
    return _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

static inline vi vi_add(vi a, vi b)
{
    return _mm512_add_epi32(a, b);
}

static inline vi vi_mul(vi a, vi b)
{
    return _mm512_mullo_epi32(a, b);
}

static inline vi vi_xor(vi a, vi b)
{
    return _mm512_xor_si512(a, b);
}

#define vi_shift_right(a, n) _mm512_srli_epi32(a, n)

static inline vi vi_of_vf(vf x)
{
    return _mm512_castps_si512(x);
}

static inline vf vf_of_vi(vi x)
{
    return _mm512_castsi512_ps(x);
}

static inline vi vi_canonical(vf x)
{
    return _mm512_mask_mov_epi32(_mm512_castps_si512(x), _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), vi_set1(0x7fc00000));
}

/* In the order of memory. */
typedef __m512i vw;

static inline __m512i vw_iota(void)
{
    return _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9,
                            8, 7, 6, 5, 4, 3, 2, 1, 0);
}

/* 0, 32, 1, 33 …: takes words from two registers in turn. */
static inline __m512i vw_in_turn(void)
{
    const __m512i second = _mm512_and_si512(_mm512_slli_epi16(vw_iota(), 5), _mm512_set1_epi16(32));
    return _mm512_add_epi16(_mm512_srli_epi16(vw_iota(), 1), second);
}

static inline vw vw_set1(unsigned x)
{
    return _mm512_set1_epi16((short)x);
}

static inline vw vw_upper(vi a, vi b)
{
    const __m512i odd = _mm512_add_epi16(_mm512_slli_epi16(vw_iota(), 1), _mm512_set1_epi16(1));
    return _mm512_permutex2var_epi16(a, odd, b);
}

static inline vw vw_lower(vi a, vi b)
{
    return _mm512_permutex2var_epi16(a, _mm512_slli_epi16(vw_iota(), 1), b);
}

static inline vi vw_join_a(vw upper, vw lower)
{
    return _mm512_permutex2var_epi16(lower, vw_in_turn(), upper);
}

static inline vi vw_join_b(vw upper, vw lower)
{
    const __m512i from_16 = _mm512_add_epi16(vw_in_turn(), _mm512_set1_epi16(16));
    return _mm512_permutex2var_epi16(lower, from_16, upper);
}

static inline vw vw_load_u16(const void *array, size_t i)
{
    return _mm512_loadu_si512((const uint16_t *)array + i);
}

static inline void vw_store_u16(void *array, size_t i, vw x)
{
    _mm512_storeu_si512((uint16_t *)array + i, x);
}

static inline vw vw_load_u8(const void *array, size_t i)
{
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)(const void *)((const uint8_t *)array + i)));
}

static inline void vw_store_u8(void *array, size_t i, vw x)
{
    _mm256_storeu_si256((__m256i *)(void *)((uint8_t *)array + i), _mm512_cvtepi16_epi8(x));
}

static inline vw vw_add(vw a, vw b)
{
    return _mm512_add_epi16(a, b);
}

static inline vw vw_sub(vw a, vw b)
{
    return _mm512_subs_epu16(a, b);
}

static inline vw vw_and(vw a, vw b)
{
    return _mm512_and_si512(a, b);
}

static inline vw vw_or(vw a, vw b)
{
    return _mm512_or_si512(a, b);
}

static inline vw vw_min(vw a, vw b)
{
    return _mm512_min_epu16(a, b);
}

static inline vw vw_max(vw a, vw b)
{
    return _mm512_max_epu16(a, b);
}

#define vw_shift_left(a, n) _mm512_slli_epi16(a, n)
#define vw_shift_right(a, n) _mm512_srli_epi16(a, n)

static inline vw vw_if_equal(vw a, vw b, vw x, vw y)
{
    return _mm512_mask_mov_epi16(y, _mm512_cmpeq_epi16_mask(a, b), x);
}

static inline vw vw_add_carry(vw x, vw a, vw b)
{
    const __mmask32 carries = _mm512_cmpgt_epu16_mask(b, _mm512_xor_si512(a, vw_set1(0xffff)));
    return _mm512_mask_add_epi16(x, carries, x, vw_set1(1));
}

static inline unsigned vw_greatest(vw a)
{
    const __m256i half = _mm256_max_epu16(_mm512_castsi512_si256(a), _mm512_extracti64x4_epi64(a, 1));
    const __m128i quarter = _mm_max_epu16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    const __m128i least = _mm_minpos_epu16(_mm_xor_si128(quarter, _mm_set1_epi16(-1)));
    return 0xffffu & ~(unsigned)_mm_extract_epi16(least, 0);
}

#endif
