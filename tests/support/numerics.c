/* SPDX-License-Identifier: MIT */
#include "numerics.h"

#include <math.h>
#include <string.h>

/* significand / 2^shift, to nearest even. */
static uint32_t shifted(uint32_t significand, unsigned shift)
{
    if (shift > 31)
        return 0;
    const uint32_t below = (1u << shift) - 1, half = 1u << (shift - 1);
    const uint32_t down = significand >> shift, rest = significand & below;
    return down + (rest > half || (rest == half && (down & 1)));
}

static uint16_t to_f16(uint32_t magnitude)
{
    const unsigned bias = 127 - 15, exponent = magnitude >> 23;
    if (exponent >= 143) /* 2^16 and above */
        return 0x7c00;
    if (exponent > bias) /* a carry out of the significand goes into the exponent, up to infinity */
        return (uint16_t)shifted(magnitude - (bias << 23), 13);
    /* A multiple of 2^-24, the least subnormal; a float32 is its significand times 2^(exponent - 150). */
    return (uint16_t)shifted((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

uint16_t converted(float x, descend_dtype dtype)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 31 << 15);
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return dtype == DESCEND_F16 ? 0x7e00 : 0x7fc0;
    return sign | (dtype == DESCEND_F16 ? to_f16(magnitude) : (uint16_t)shifted(magnitude, 16));
}

bool is_nan_16(uint16_t bits, descend_dtype dtype)
{
    return (bits & 0x7fff) > (dtype == DESCEND_F16 ? 0x7c00 : 0x7f80);
}

size_t segment_of(size_t n)
{
    const size_t share = n / 256 + (n % 256 != 0), blocks = share / 4096 + (share % 4096 != 0);
    return blocks > 1 ? blocks * 4096 : 4096;
}

static double segment_sum(const float *array, size_t n)
{
    double lane[16] = {0}, sum = 0;
    for (size_t i = 0; i < n; i++)
        lane[i % 16] += (double)array[i] * (double)array[i];
    for (size_t i = 0; i < 16; i++)
        sum += lane[i];
    return sum;
}

double sum_of_squares(const float *array, size_t n)
{
    const size_t segment = segment_of(n);
    double sum = 0;
    for (size_t begin = 0; begin < n; begin += segment)
        sum += segment_sum(array + begin, n - begin < segment ? n - begin : segment);
    return sum;
}

double norm_of(const float *const arrays[], const size_t ns[], size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if (arrays[i])
            sum += sum_of_squares(arrays[i], ns[i]);
    return sqrt(sum);
}
