/* SPDX-License-Identifier: MIT */
/* Reproducible sums of squares (docs/numerics.md, rule 7). */
#ifndef DESCEND_SQUARES_H
#define DESCEND_SQUARES_H

#include <string.h>

#include "kernels.h"

enum { SQUARES_VECTORS = SQUARES_LANES / VF_LANES };

/* Element i is added to lane i mod 16, in every variant. */
struct squares_lanes {
    vd sum[SQUARES_VECTORS];
};

static inline struct squares_lanes squares_load(const double lane[SQUARES_LANES])
{
    struct squares_lanes lanes;
    for (size_t v = 0; v < SQUARES_VECTORS; v++)
        lanes.sum[v] = vd_load(lane, v * VF_LANES);
    return lanes;
}

static inline void squares_store(double lane[SQUARES_LANES], const struct squares_lanes *lanes)
{
    for (size_t v = 0; v < SQUARES_VECTORS; v++)
        vd_store(lane, v * VF_LANES, lanes->sum[v]);
}

/* Adds the squares of x, which is vector v of the sixteen lanes. The product of two floats is exact in double. */
static inline void squares_add(struct squares_lanes *lanes, size_t v, vf x)
{
    const vd wide = vd_widen(x);
    lanes->sum[v] = vd_add(lanes->sum[v], vd_mul(wide, wide));
}

/* The sums and the largest magnitudes, lane by lane. */
struct squares_state {
    double sum[SQUARES_LANES];
    float max[SQUARES_LANES];
};

/* Adds the squares of sixteen elements to the sums, and raises the largest magnitudes. */
static inline void squares_block(struct squares_lanes *lanes, vf max[SQUARES_VECTORS], const float *block)
{
    for (size_t v = 0; v < SQUARES_VECTORS; v++) {
        const vf x = vf_load_f32(block, v * VF_LANES);
        squares_add(lanes, v, x);
        max[v] = vf_max(max[v], vf_abs(x));
    }
}

/* Adds elements, from a multiple of 16 in the segment on. */
static inline void squares_elements(struct squares_state *state, const float *array, size_t begin, size_t end)
{
    struct squares_lanes lanes = squares_load(state->sum);
    vf max[SQUARES_VECTORS];
    for (size_t v = 0; v < SQUARES_VECTORS; v++)
        max[v] = vf_load_f32(state->max, v * VF_LANES);
    size_t i = begin;
    for (; end - i >= SQUARES_LANES; i += SQUARES_LANES)
        squares_block(&lanes, max, array + i);
    float rest[SQUARES_LANES] = {0};
    memcpy(rest, array + i, (end - i) * sizeof *array);
    squares_block(&lanes, max, rest);
    squares_store(state->sum, &lanes);
    for (size_t v = 0; v < SQUARES_VECTORS; v++)
        vf_store_f32(state->max, v * VF_LANES, max[v]);
}

static inline descend_squares squares_result(const struct squares_state *state)
{
    descend_squares result = {0, 0};
    for (size_t lane = 0; lane < SQUARES_LANES; lane++) {
        result.sum += state->sum[lane];
        result.max =
            state->max[lane] > result.max || state->max[lane] != state->max[lane] ? state->max[lane] : result.max;
    }
    return result;
}

#endif
