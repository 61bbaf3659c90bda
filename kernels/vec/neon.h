/* The vector vocabulary (vec/scalar.h says what each word means) in 4 lanes of AArch64's NEON. */
#ifndef DESCEND_VEC_H
#define DESCEND_VEC_H

#include <arm_neon.h>
#include <float.h>
#include <stddef.h>
#include <string.h>

#define VF_ISA neon
#define VF_NEEDS CPU_NEON

typedef float32x4_t vf;
enum { VF_LANES = 4 };

static inline vf vf_set1(float x)
{
    return vdupq_n_f32(x);
}

static inline vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}

static inline vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}

static inline vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}

static inline vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}

static inline vf vf_quotient(vf x, vf d, vf r)
{
    const vf q = vmulq_f32(x, r), residual = vfmsq_f32(x, q, d);
    return vfmaq_f32(q, vmaxnmq_f32(residual, vf_set1(-FLT_MAX)), r);
}

static inline vf vf_sqrt(vf a)
{
    return vsqrtq_f32(a);
}

static inline vf vf_max(vf a, vf b)
{
    /* vmaxq would order the zeros. */
    const uint32x4_t a_is_number = vceqq_f32(a, a);
    return vbslq_f32(vornq_u32(vcgtq_f32(a, b), a_is_number), a, b);
}

static inline vf vf_load_f32(const void *array, size_t i)
{
    return vld1q_f32((const float *)array + i);
}

static inline void vf_store_f32(void *array, size_t i, vf x)
{
    vst1q_f32((float *)array + i, x);
}

static inline vf vf_load_f32_part(const void *array, size_t i, size_t count)
{
    float lanes[VF_LANES] = {1.0f, 1.0f, 1.0f, 1.0f};
    memcpy(lanes, (const float *)array + i, count * sizeof(float));
    return vld1q_f32(lanes);
}

static inline void vf_store_f32_part(void *array, size_t i, vf x, size_t count)
{
    float lanes[VF_LANES];
    vst1q_f32(lanes, x);
    memcpy((float *)array + i, lanes, count * sizeof(float));
}

#endif
