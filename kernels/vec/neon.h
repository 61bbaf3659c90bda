/* SPDX-License-Identifier: MIT */
/* The vector vocabulary that vec/scalar.h describes, in 4 lanes of AArch64's NEON. */
#ifndef DESCEND_VEC_H
#define DESCEND_VEC_H

#include <arm_neon.h>
#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VF_ISA neon
#define VF_NEEDS CPU_NEON

typedef float32x4_t vf;
typedef struct {
    float64x2_t low, high;
} vd;
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
    /* vmaxq_f32 would not do: of zeros of different sign it gives +0, not b. */
    const uint32x4_t a_is_number = vceqq_f32(a, a);
    return vbslq_f32(vornq_u32(vcgtq_f32(a, b), a_is_number), a, b);
}

static inline vf vf_abs(vf a)
{
    return vabsq_f32(a);
}

static inline vf vf_if_greater(vf a, vf b, vf x, vf y)
{
    return vbslq_f32(vcgtq_f32(a, b), x, y);
}

static inline vf vf_flush(vf a)
{
    const uint32x4_t subnormal = vcltq_f32(vabsq_f32(a), vf_set1(FLT_MIN));
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(a), subnormal));
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

static inline void vf_store_first_16(void *array, size_t i, uint16x4_t halves, size_t count)
{
    memcpy((uint16_t *)array + i, &halves, count * sizeof(uint16_t));
}

static inline uint16x4_t vf_to_bf16(vf x)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(x), odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
    return vshrn_n_u32(vbslq_u32(vceqq_f32(x, x), rounded, quiet), 16);
}

static inline uint16x4_t vf_to_f16(vf x)
{
    return vreinterpret_u16_f16(vcvt_f16_f32(x));
}

static inline void vf_store_bf16(void *array, size_t i, vf x)
{
    vf_store_first_16(array, i, vf_to_bf16(x), VF_LANES);
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
    vf_store_first_16(array, i, vf_to_bf16(x), count);
}

static inline void vf_store_f16(void *array, size_t i, vf x)
{
    vf_store_first_16(array, i, vf_to_f16(x), VF_LANES);
}

static inline void vf_store_f16_part(void *array, size_t i, vf x, size_t count)
{
    vf_store_first_16(array, i, vf_to_f16(x), count);
}

static inline vd vd_load(const double *array, size_t i)
{
    return (vd){vld1q_f64(array + i), vld1q_f64(array + i + 2)};
}

static inline vd vd_widen(vf x)
{
    return (vd){vcvt_f64_f32(vget_low_f32(x)), vcvt_high_f64_f32(x)};
}

static inline vd vd_add(vd a, vd b)
{
    return (vd){vaddq_f64(a.low, b.low), vaddq_f64(a.high, b.high)};
}

static inline vd vd_mul(vd a, vd b)
{
    return (vd){vmulq_f64(a.low, b.low), vmulq_f64(a.high, b.high)};
}

static inline void vd_store(double *array, size_t i, vd x)
{
    vst1q_f64(array + i, x.low);
    vst1q_f64(array + i + 2, x.high);
}

static inline vf vf_load_f16(const void *array, size_t i)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16((const uint16_t *)array + i)));
}

typedef uint32x4_t vi;

static inline vi vi_set1(uint32_t x)
{
    return vdupq_n_u32(x);
}

static inline vi vi_iota(void)
{
    return (vi){0, 1, 2, 3};
}

static inline vi vi_add(vi a, vi b)
{
    return vaddq_u32(a, b);
}

static inline vi vi_mul(vi a, vi b)
{
    return vmulq_u32(a, b);
}

static inline vi vi_xor(vi a, vi b)
{
    return veorq_u32(a, b);
}

#define vi_shift_right(a, n) vshrq_n_u32(a, n)

static inline vi vi_of_vf(vf x)
{
    return vreinterpretq_u32_f32(x);
}

static inline vf vf_of_vi(vi x)
{
    return vreinterpretq_f32_u32(x);
}

static inline vi vi_canonical(vf x)
{
    return vbslq_u32(vceqq_f32(x, x), vreinterpretq_u32_f32(x), vi_set1(0x7fc00000));
}

typedef uint16x8_t vw;

static inline vw vw_set1(unsigned x)
{
    return vdupq_n_u16((uint16_t)x);
}

static inline vw vw_upper(vi a, vi b)
{
    return vuzp2q_u16(vreinterpretq_u16_u32(a), vreinterpretq_u16_u32(b));
}

static inline vw vw_lower(vi a, vi b)
{
    return vuzp1q_u16(vreinterpretq_u16_u32(a), vreinterpretq_u16_u32(b));
}

static inline vi vw_join_a(vw upper, vw lower)
{
    return vreinterpretq_u32_u16(vzip1q_u16(lower, upper));
}

static inline vi vw_join_b(vw upper, vw lower)
{
    return vreinterpretq_u32_u16(vzip2q_u16(lower, upper));
}

static inline vw vw_load_u16(const void *array, size_t i)
{
    return vld1q_u16((const uint16_t *)array + i);
}

static inline void vw_store_u16(void *array, size_t i, vw x)
{
    vst1q_u16((uint16_t *)array + i, x);
}

static inline vw vw_load_u8(const void *array, size_t i)
{
    return vmovl_u8(vld1_u8((const uint8_t *)array + i));
}

static inline void vw_store_u8(void *array, size_t i, vw x)
{
    vst1_u8((uint8_t *)array + i, vmovn_u16(x));
}

static inline vw vw_add(vw a, vw b)
{
    return vaddq_u16(a, b);
}

static inline vw vw_sub(vw a, vw b)
{
    return vqsubq_u16(a, b);
}

static inline vw vw_and(vw a, vw b)
{
    return vandq_u16(a, b);
}

static inline vw vw_or(vw a, vw b)
{
    return vorrq_u16(a, b);
}

static inline vw vw_min(vw a, vw b)
{
    return vminq_u16(a, b);
}

static inline vw vw_max(vw a, vw b)
{
    return vmaxq_u16(a, b);
}

#define vw_shift_left(a, n) vshlq_n_u16(a, n)
#define vw_shift_right(a, n) vshrq_n_u16(a, n)

static inline vw vw_if_equal(vw a, vw b, vw x, vw y)
{
    return vbslq_u16(vceqq_u16(a, b), x, y);
}

static inline vw vw_add_carry(vw x, vw a, vw b)
{
    return vsubq_u16(x, vcgtq_u16(b, vmvnq_u16(a))); /* all ones, -1, where it carries */
}

static inline unsigned vw_greatest(vw a)
{
    return vmaxvq_u16(a);
}

#endif
