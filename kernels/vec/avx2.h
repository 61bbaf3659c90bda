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

static inline vd vd_zero(void)
{
    return (vd){_mm256_setzero_pd(), _mm256_setzero_pd()};
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

#endif
