/* SPDX-License-Identifier: MIT */
#include "storage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"

enum { BLOCK = 256 };

static uint64_t mix64(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t fnv1a64(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

uint32_t random_16_of(const struct random_source *source, uint64_t element)
{
    const uint64_t i = source->first + element, array = (uint64_t)source->array << 32 | i >> 32;
    const uint64_t key = mix64(mix64(mix64(source->seed ^ fnv1a64(source->name)) ^ source->step) ^ array);
    uint32_t x = (uint32_t)i * 0x9e3779b9u + (uint32_t)key;
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ (uint32_t)(key >> 32) ^ x >> 15) * 0x846ca68bu;
    return x >> 16;
}

static size_t size_of(descend_dtype dtype)
{
    return dtype == DESCEND_F32 ? 4 : dtype < DESCEND_B8 ? 2 : 1;
}

static size_t second_of(descend_dtype dtype, size_t n)
{
    return dtype == DESCEND_BF16_SPLIT ? n : dtype >= DESCEND_B8 ? (n + BLOCK - 1) / BLOCK : 0;
}

descend_array stored_new(descend_dtype dtype, size_t n)
{
    descend_array array = {.data = calloc(n + 1, size_of(dtype)), .dtype = dtype};
    if (second_of(dtype, n) > 0)
        array.second = calloc(second_of(dtype, n), sizeof(int16_t));
    if (array.data == NULL || (second_of(dtype, n) > 0 && array.second == NULL))
        abort();
    return array;
}

void stored_free(descend_array *array)
{
    free(array->data);
    free(array->second);
}

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint32_t canonical(float x)
{
    return isnan(x) ? 0x7fc00000 : bits_of(x);
}

static int top_of(descend_dtype dtype)
{
    return dtype == DESCEND_B8 ? 126 : 254;
}

/* The base of the block that begins here. */
static int base_of(const float *from, size_t count, int top)
{
    uint32_t most = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(from[i]) && (bits_of(from[i]) & 0x7fffffff) > most)
            most = bits_of(from[i]) & 0x7fffffff;
    const int base = (int)(most >> 20) + 1 - top, limit = 0x7f8 - (top + 1);
    return base < 0 ? 0 : base > limit ? limit : base;
}

static uint8_t code_of(float x, uint32_t random, int base, descend_dtype dtype)
{
    const int top = top_of(dtype), nan = top + 1;
    if (!isfinite(x))
        return (uint8_t)nan;
    const int level = (int)(((bits_of(x) & 0x7fffffff) + (random << 4)) >> 20) - base;
    const int code = level < 0 ? 0 : level > nan ? nan : level;
    return (uint8_t)(code | (dtype == DESCEND_B8 && code < nan && signbit(x) ? 128 : 0));
}

static void put(const descend_array *to, size_t i, size_t n, const float *from, const struct random_source *source)
{
    const uint32_t x = canonical(from[i]);
    const uint32_t random = source ? random_16_of(source, i) : 0;
    uint16_t *const halves = to->data;
    switch (to->dtype) {
    case DESCEND_F32:
        ((float *)to->data)[i] = from[i];
        break;
    case DESCEND_BF16:
        halves[i] = (uint16_t)((x + (source ? random : 0x7fff + (x >> 16 & 1))) >> 16);
        break;
    case DESCEND_BF16_SPLIT:
        halves[i] = (uint16_t)((x + 0x8000) >> 16);
        ((int16_t *)to->second)[i] = (int16_t)(uint16_t)x;
        break;
    case DESCEND_F16:
        break; /* gradients are only read */
    case DESCEND_B8:
    case DESCEND_UB8: {
        int16_t *const base = (int16_t *)to->second + i / BLOCK;
        if (i % BLOCK == 0)
            *base = (int16_t)base_of(from + i, n - i < BLOCK ? n - i : BLOCK, top_of(to->dtype));
        ((uint8_t *)to->data)[i] = code_of(from[i], source ? random : 0x8000, *base, to->dtype);
        break;
    }
    }
}

void stored_put(const descend_array *to, size_t n, const float *from, const struct random_source *source)
{
    for (size_t i = 0; i < n; i++)
        put(to, i, n, from, source);
}

static float half(uint16_t bits)
{
    const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    const float magnitude = exponent == 31  ? (mantissa ? NAN : INFINITY)
                            : exponent == 0 ? ldexpf((float)mantissa, -24)
                                            : ldexpf((float)(1024 + mantissa), exponent - 25);
    return bits & 0x8000 ? -magnitude : magnitude;
}

static float decoded(uint8_t byte, int base, descend_dtype dtype)
{
    const bool is_signed = dtype == DESCEND_B8;
    const int code = is_signed ? byte & 127 : byte;
    const float magnitude = code > top_of(dtype)     ? NAN
                            : is_signed && code == 0 ? 0
                                                     : float_of((uint32_t)(code + base) << 20);
    return is_signed && byte & 128 ? -magnitude : magnitude;
}

static float get(const descend_array *from, size_t i)
{
    const uint16_t *halves = from->data;
    const int16_t *second = from->second;
    switch (from->dtype) {
    case DESCEND_F32:
        return ((const float *)from->data)[i];
    case DESCEND_BF16:
        return float_of((uint32_t)halves[i] << 16);
    case DESCEND_F16:
        return half(halves[i]);
    case DESCEND_BF16_SPLIT:
        return float_of(((uint32_t)halves[i] << 16) + (uint32_t)(int32_t)second[i]);
    default:
        return decoded(((const uint8_t *)from->data)[i], second[i / BLOCK], from->dtype);
    }
}

void stored_get(const descend_array *from, size_t n, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = get(from, i);
}

void stored_copy(const descend_array *to, const descend_array *from, size_t n)
{
    memcpy(to->data, from->data, n * size_of(from->dtype));
    if (from->second)
        memcpy(to->second, from->second, second_of(from->dtype, n) * sizeof(int16_t));
}

bool stored_equal(const descend_array *a, const descend_array *b, size_t n)
{
    if (a->dtype != b->dtype)
        return false;
    if (a->dtype == DESCEND_F32)
        return first_difference(a->data, b->data, n) == n;
    return memcmp(a->data, b->data, n * size_of(a->dtype)) == 0 &&
           (second_of(a->dtype, n) == 0 || memcmp(a->second, b->second, second_of(a->dtype, n) * sizeof(int16_t)) == 0);
}
