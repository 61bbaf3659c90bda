/* SPDX-License-Identifier: MIT */
#include "data.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const data_kind_names[DATA_KINDS] = {"ordinary", "special"};

uint64_t random_bits(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static float ordinary(uint64_t bits)
{
    /* m * 2^e, exact whatever the rounding: m odd and below 2^24, the value between 2^-20 and 2^10 */
    const float m = (float)((bits & 0xffffff) | 1);
    return ldexpf(bits >> 63 ? -m : m, (int)(bits >> 32 & 0x3fffffff) % 30 - 43);
}

static float special(uint64_t bits)
{
    static const float values[] = {0.0f,    -0.0f,   0x1p-149f, -0x1p-149f, 0x1.fffffcp-127f,
                                   FLT_MIN, FLT_MAX, -FLT_MAX,  INFINITY,   -INFINITY,
                                   NAN,     1.0f};
    return values[bits % (sizeof values / sizeof *values)];
}

void fill(float *array, size_t n, enum data_kind kind, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = random_bits(&seed);
        array[i] = kind == SPECIAL && bits >> 62 & 1 ? special(bits) : ordinary(bits);
    }
}

const char *array_name(const struct configuration *configuration, size_t array)
{
    return array == PARAM ? "param" : array == GRAD ? "grad" : configuration->state_name[array - STATE];
}

bool array_written(const struct configuration *configuration, size_t array)
{
    return array == PARAM || (array >= STATE && configuration->used >> (array - STATE) & 1);
}

size_t array_length(const struct configuration *configuration, size_t array, size_t n)
{
    return array < STATE + configuration->arrays || n == 0 ? n : 1;
}

struct arrays arrays_new(size_t n)
{
    struct arrays arrays = {.n = n};
    for (size_t i = 0; i < ARRAYS; i++)
        if ((arrays.array[i] = calloc(n + 1, sizeof(float))) == NULL)
            abort();
    return arrays;
}

void arrays_free(struct arrays *arrays)
{
    for (size_t i = 0; i < ARRAYS; i++)
        free(arrays->array[i]);
}

void arrays_fill(const struct configuration *configuration, struct arrays *arrays, enum data_kind kind, uint64_t seed)
{
    for (size_t i = 0; i < STATE + configuration->states; i++) {
        fill(arrays->array[i], arrays->n, kind, seed + i);
        if (i >= STATE && strstr(configuration->state_name[i - STATE], "sq"))
            for (size_t j = 0; j < arrays->n; j++)
                arrays->array[i][j] = fabsf(arrays->array[i][j]);
        if (i >= STATE + configuration->arrays)
            arrays->array[i][0] = 0.25f + 0.25f / (float)(1 + seed % 7);
    }
}

descend_status arrays_step(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                           const descend_exec *exec)
{
    float *state[CONFIGURATION_STATES];
    for (unsigned i = 0; i < configuration->states; i++)
        state[i] = configuration->used >> i & 1 ? arrays->array[STATE + i] : NULL;
    return configuration->step(configuration->config.room, step, arrays->array[PARAM], arrays->array[GRAD], state,
                               arrays->n, exec);
}

void arrays_states(const struct configuration *configuration, uint64_t step, const struct arrays *arrays,
                   float *state[CONFIGURATION_STATES], float *through)
{
    const unsigned scalar = configuration->arrays;
    for (unsigned i = 0; i < CONFIGURATION_STATES; i++)
        state[i] = configuration->used >> i & 1 ? arrays->array[STATE + i] : NULL;
    if (configuration->states > scalar) {
        *through = descend_config_advance(&configuration->config, step, *arrays->array[STATE + scalar]);
        state[scalar] = through;
    }
}

void arrays_advance(const struct configuration *configuration, uint64_t step, struct arrays *arrays)
{
    float *const scalar = arrays->array[STATE + configuration->arrays];
    if (configuration->states > configuration->arrays)
        *scalar = descend_config_advance(&configuration->config, step, *scalar);
}

size_t first_difference(const float *a, const float *b, size_t n)
{
    if (memcmp(a, b, n * sizeof *a) == 0)
        return n;
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i])))
            return i;
    return n;
}

const char *config_difference(const descend_config *a, const descend_config *b)
{
    if (a->kind != b->kind)
        return "kind";
    for (size_t i = 0; i < descend_kind_field_count(a->kind); i++) {
        const descend_field *field = descend_kind_field(a->kind, i);
        if (memcmp((const char *)a->room + field->offset, (const char *)b->room + field->offset,
                   field->flag ? sizeof(bool) : sizeof(double)) != 0)
            return field->name;
    }
    return NULL;
}
