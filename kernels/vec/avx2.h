/* SPDX-License-Identifier: MIT */
/* The vector vocabulary that vec/scalar.h describes, in 8 lanes of AVX2. */
#ifndef DESCEND_VEC_H
#define DESCEND_VEC_H

#include <float.h>
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VF_ISA avx2
#define VF_NEEDS (CPU_AVX2 | CPU_FMA | CPU_F16C)

typedef __m256 vf;
typedef struct {
    __m256d low, high;
} vd;
enum { VF_LANES = 8 };

static inline vf vf_set1(float x)
{
    return _mm256_set1_ps(x);
}

static inline vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}

static inline vf vf_quotient(vf x, vf d, vf r)
{
    const vf q = _mm256_mul_ps(x, r), residual = _mm256_fnmadd_ps(q, d, x);
    return _mm256_fmadd_ps(_mm256_max_ps(residual, vf_set1(-FLT_MAX)), r, q);
}

static inline vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}

static inline vf vf_max(vf a, vf b)
{
    /* maxps gives b where a or b is NaN. */
    return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

static inline vf vf_abs(vf a)
{
    return _mm256_andnot_ps(vf_set1(-0.0f), a);
}

static inline vf vf_if_greater(vf a, vf b, vf x, vf y)
{
    return _mm256_blendv_ps(y, x, _mm256_cmp_ps(a, b, _CMP_GT_OQ));
}

static inline vf vf_flush(vf a)
{
    return _mm256_and_ps(a, _mm256_cmp_ps(vf_abs(a), vf_set1(FLT_MIN), _CMP_NLT_UQ));
}

static inline vf vf_load_f32(const void *array, size_t i)
{
    return _mm256_loadu_ps((const float *)array + i);
}

static inline void vf_store_f32(void *array, size_t i, vf x)
{
    _mm256_storeu_ps((float *)array + i, x);
}

static inline __m256i vf_first(size_t count)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
}

static inline vf vf_load_f32_part(const void *array, size_t i, size_t count)
{
    const __m256i first = vf_first(count);
    const vf x = _mm256_maskload_ps((const float *)array + i, first);
    return _mm256_blendv_ps(vf_set1(1.0f), x, _mm256_castsi256_ps(first));
}

static inline void vf_store_f32_part(void *array, size_t i, vf x, size_t count)
{
    _mm256_maskstore_ps((float *)array + i, vf_first(count), x);
}

static inline void vf_store_first_16(void *array, size_t i, __m128i halves, size_t count)
{
    memcpy((uint16_t *)array + i, &halves, count * sizeof(uint16_t));
}

static inline __m128i vf_to_bf16(vf x)
{
    const __m256i bits = _mm256_castps_si256(x),
                  odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const vf chosen =
        _mm256_blendv_ps(_mm256_castsi256_ps(rounded), _mm256_castsi256_ps(quiet), _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    const __m256i words = _mm256_srli_epi32(_mm256_castps_si256(chosen), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

static inline void vf_store_bf16(void *array, size_t i, vf x)
{
    vf_store_first_16(array, i, vf_to_bf16(x), VF_LANES);
}

/* Two vectors without a NaN: the upper halves, plus 1 where the lower ones are above 0x8000, or equal and the upper
 * half odd. */
static inline void vf_store_bf16_no_nan(void *array, size_t i, vf x, vf y)
{
    const __m256i halves = _mm256_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15, 0, 1, 4, 5, 8, 9, 12,
                                            13, 2, 3, 6, 7, 10, 11, 14, 15);
    const __m256i a = _mm256_shuffle_epi8(_mm256_castps_si256(x), halves);
    const __m256i b = _mm256_shuffle_epi8(_mm256_castps_si256(y), halves);
    const __m256i low = _mm256_unpacklo_epi64(a, b), high = _mm256_unpackhi_epi64(a, b);
    const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi16(1)), sum = _mm256_adds_epu16(low, odd);
    const __m256i up = _mm256_cmpgt_epi16(_mm256_xor_si256(sum, _mm256_set1_epi16(-0x8000)), _mm256_setzero_si256());
    _mm256_storeu_si256((__m256i *)(void *)((uint16_t *)array + i),
                        _mm256_permute4x64_epi64(_mm256_sub_epi16(high, up), 0xd8));
}

static inline void vf_store_bf16_4(void *array, size_t i, vf a, vf b, vf c, vf d)
{
    const vf nan = _mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q), _mm256_cmp_ps(c, d, _CMP_UNORD_Q));
    const vf x[] = {a, b, c, d};
    if (_mm256_movemask_ps(nan) != 0) {
        for (size_t u = 0; u < 4; u++)
            vf_store_bf16(array, i + u * VF_LANES, x[u]);
        return;
    }
    vf_store_bf16_no_nan(array, i, a, b);
    vf_store_bf16_no_nan(array, i + 2 * VF_LANES, c, d);
}

static inline void vf_store_bf16_part(void *array, size_t i, vf x, size_t count)
{
    vf_store_first_16(array, i, vf_to_bf16(x), count);
}

static inline void vf_store_f16(void *array, size_t i, vf x)
{
    vf_store_first_16(array, i, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT), VF_LANES);
}

static inline void vf_store_f16_part(void *array, size_t i, vf x, size_t count)
{
    vf_store_first_16(array, i, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT), count);
}

static inline vd vd_load(const double *array, size_t i)
{
    return (vd){_mm256_loadu_pd(array + i), _mm256_loadu_pd(array + i + 4)};
}

static inline vd vd_widen(vf x)
{
    return (vd){_mm256_cvtps_pd(_mm256_castps256_ps128(x)), _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1))};
}

static inline vd vd_add(vd a, vd b)
{
    return (vd){_mm256_add_pd(a.low, b.low), _mm256_add_pd(a.high, b.high)};
}

static inline vd vd_mul(vd a, vd b)
{
    return (vd){_mm256_mul_pd(a.low, b.low), _mm256_mul_pd(a.high, b.high)};
}

static inline void vd_store(double *array, size_t i, vd x)
{
    _mm256_storeu_pd(array + i, x.low);
    _mm256_storeu_pd(array + i + 4, x.high);
}

static inline vf vf_load_f16(const void *array, size_t i)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)((const uint16_t *)array + i)));
}

typedef __m256i vi;

static inline vi vi_set1(uint32_t x)
{
    return _mm256_set1_epi32((int)x);
}

static inline vi vi_iota(void)
{
    return _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
}

static inline vi vi_add(vi a, vi b)
{
    return _mm256_add_epi32(a, b);
}

static inline vi vi_mul(vi a, vi b)
{
    return _mm256_mullo_epi32(a, b);
}

static inline vi vi_xor(vi a, vi b)
{
    return _mm256_xor_si256(a, b);
}

#define vi_shift_right(a, n) _mm256_srli_epi32(a, n)

static inline vi vi_of_vf(vf x)
{
    return _mm256_castps_si256(x);
}

static inline vf vf_of_vi(vi x)
{
    return _mm256_castsi256_ps(x);
}

static inline vi vi_canonical(vf x)
{
    return _mm256_castps_si256(
        _mm256_blendv_ps(x, _mm256_castsi256_ps(vi_set1(0x7fc00000)), _mm256_cmp_ps(x, x, _CMP_UNORD_Q)));
}

/* In each half of the register: four words of the first vector, four of the second. */
typedef __m256i vw;

static inline vw vw_set1(unsigned x)
{
    return _mm256_set1_epi16((short)x);
}

static inline vw vw_upper(vi a, vi b)
{
    return _mm256_packus_epi32(_mm256_srli_epi32(a, 16), _mm256_srli_epi32(b, 16));
}

static inline vw vw_lower(vi a, vi b)
{
    const __m256i zero = _mm256_setzero_si256();
    return _mm256_packus_epi32(_mm256_blend_epi16(a, zero, 0xaa), _mm256_blend_epi16(b, zero, 0xaa));
}

static inline vi vw_join_a(vw upper, vw lower)
{
    return _mm256_unpacklo_epi16(lower, upper);
}

static inline vi vw_join_b(vw upper, vw lower)
{
    return _mm256_unpackhi_epi16(lower, upper);
}

static inline vw vw_load_u16(const void *array, size_t i)
{
    const __m256i *from = (const __m256i *)(const void *)((const uint16_t *)array + i);
    return _mm256_permute4x64_epi64(_mm256_loadu_si256(from), 0xd8);
}

static inline void vw_store_u16(void *array, size_t i, vw x)
{
    _mm256_storeu_si256((__m256i *)(void *)((uint16_t *)array + i), _mm256_permute4x64_epi64(x, 0xd8));
}

static inline vw vw_load_u8(const void *array, size_t i)
{
    const __m128i *from = (const __m128i *)(const void *)((const uint8_t *)array + i);
    return _mm256_cvtepu8_epi16(_mm_shuffle_epi32(_mm_loadu_si128(from), 0xd8));
}

static inline void vw_store_u8(void *array, size_t i, vw x)
{
    const __m256i bytes = _mm256_packus_epi16(x, x);
    _mm_storeu_si128((__m128i *)(void *)((uint8_t *)array + i),
                     _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)));
}

static inline vw vw_add(vw a, vw b)
{
    return _mm256_add_epi16(a, b);
}

static inline vw vw_sub(vw a, vw b)
{
    return _mm256_subs_epu16(a, b);
}

static inline vw vw_and(vw a, vw b)
{
    return _mm256_and_si256(a, b);
}

static inline vw vw_or(vw a, vw b)
{
    return _mm256_or_si256(a, b);
}

static inline vw vw_min(vw a, vw b)
{
    return _mm256_min_epu16(a, b);
}

static inline vw vw_max(vw a, vw b)
{
    return _mm256_max_epu16(a, b);
}

#define vw_shift_left(a, n) _mm256_slli_epi16(a, n)
#define vw_shift_right(a, n) _mm256_srli_epi16(a, n)

static inline vw vw_if_equal(vw a, vw b, vw x, vw y)
{
    return _mm256_blendv_epi8(y, x, _mm256_cmpeq_epi16(a, b));
}

static inline vw vw_add_carry(vw x, vw a, vw b)
{
    const __m256i room = _mm256_xor_si256(a, vw_set1(0xffff)); /* b above it carries */
    const __m256i none = _mm256_cmpeq_epi16(_mm256_subs_epu16(b, room), _mm256_setzero_si256());
    return _mm256_add_epi16(_mm256_add_epi16(x, vw_set1(1)), none);
}

static inline unsigned vw_greatest(vw a)
{
    const __m128i half = _mm_max_epu16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
    const __m128i least = _mm_minpos_epu16(_mm_xor_si128(half, _mm_set1_epi16(-1)));
    return 0xffffu & ~(unsigned)_mm_extract_epi16(least, 0);
}

#endif
