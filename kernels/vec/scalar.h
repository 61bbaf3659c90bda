/*
 * The vector vocabulary with one lane: the reference that the other headers must equal bit for bit.
 *
 *   vf                       a vector of VF_LANES floats
 *   vf_set1                  the same float in every lane
 *   vf_add … vf_sqrt         each rounds once
 *   vf_max(a, b)             NaN if either is, else a > b ? a : b (equal zeros: b)
 *   vf_load_T, vf_store_T    VF_LANES elements of storage type T, at element i of an array of any alignment
 *   vf_…_T_part              the first count < VF_LANES of them, touching no others; lanes beyond are 1
 */
#ifndef DESCEND_VEC_H
#define DESCEND_VEC_H

#include <math.h>
#include <stddef.h>

#define VF_ISA scalar
#define VF_NEEDS 0

typedef float vf;
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

static inline vf vf_sqrt(vf a)
{
    return sqrtf(a);
}

static inline vf vf_max(vf a, vf b)
{
    return a > b || a != a ? a : b;
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

#endif
