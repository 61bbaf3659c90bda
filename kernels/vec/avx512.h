/* The vector vocabulary (vec/scalar.h says what each word means) in 16 lanes of AVX-512F. */
#ifndef DESCEND_VEC_H
#define DESCEND_VEC_H

#include <float.h>
#include <immintrin.h>
#include <stddef.h>

#define VF_ISA avx512
#define VF_NEEDS (CPU_AVX2 | CPU_FMA | CPU_AVX512F)

typedef __m512 vf;
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
    /* maxps gives b where either is NaN. */
    return _mm512_mask_mov_ps(_mm512_max_ps(a, b), _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q), a);
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

#endif
