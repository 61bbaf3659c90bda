/* The vector vocabulary (vec/scalar.h says what each word means) in 8 lanes of AVX2. */
#ifndef DESCEND_VEC_H
#define DESCEND_VEC_H

#include <float.h>
#include <immintrin.h>
#include <stddef.h>

#define VF_ISA avx2
#define VF_NEEDS (CPU_AVX2 | CPU_FMA)

typedef __m256 vf;
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
    /* maxps gives b where either is NaN. */
    return _mm256_blendv_ps(_mm256_max_ps(a, b), a, _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
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

#endif
