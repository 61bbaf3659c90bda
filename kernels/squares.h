/* SPDX-License-Identifier: MIT */
/* Reproducible sums of squares (docs/numerics.md, rule 7). */
#ifndef DESCEND_SQUARES_H
#define DESCEND_SQUARES_H

#include <string.h>

#include "kernels.h"

enum { SQUARES_LANES = 16, SQUARES_VECTORS = SQUARES_LANES / VF_LANES };

/* Element i is added to lane i mod 16, in every variant. */
struct squares_lanes {
    vd sum[SQUARES_VECTORS];
};

static inline struct squares_lanes squares_zero(void)
{
    struct squares_lanes lanes;
    for (size_t v = 0; v < SQUARES_VECTORS; v++)
        lanes.sum[v] = vd_zero();
    return lanes;
}

/* Adds the squares of x, which is vector v of the sixteen lanes. The product of two floats is exact in double. */
static inline void squares_add(struct squares_lanes *lanes, size_t v, vf x)
{
    const vd wide = vd_widen(x);
    lanes->sum[v] = vd_add(lanes->sum[v], vd_mul(wide, wide));
}

static inline double squares_total(const struct squares_lanes *lanes)
{
    double sum[SQUARES_LANES], total = 0;
    for (size_t v = 0; v < SQUARES_VECTORS; v++)
        vd_store(sum, v * VF_LANES, lanes->sum[v]);
    for (size_t lane = 0; lane < SQUARES_LANES; lane++)
        total += sum[lane];
    return total;
}

/* Adds the squares of sixteen elements to the sums, and raises the largest magnitudes. */
static inline void squares_block(struct squares_lanes *lanes, vf max[SQUARES_VECTORS], const float *block)
{
    for (size_t v = 0; v < SQUARES_VECTORS; v++) {
        const vf x = vf_load_f32(block, v * VF_LANES);
        squares_add(lanes, v, x);
        max[v] = vf_max(max[v], vf_abs(x));
    }
}

static inline struct descend_squares squares(const float *array, size_t begin, size_t end)
{
    struct squares_lanes lanes = squares_zero();
    vf max[SQUARES_VECTORS];
    for (size_t v = 0; v < SQUARES_VECTORS; v++)
        max[v] = vf_set1(0);
    size_t i = begin;
    for (; end - i >= SQUARES_LANES; i += SQUARES_LANES)
        squares_block(&lanes, max, array + i);
    float rest[SQUARES_LANES] = {0};
    memcpy(rest, array + i, (end - i) * sizeof *array);
    squares_block(&lanes, max, rest);

    struct descend_squares result = {squares_total(&lanes), 0};
    float largest[SQUARES_LANES];
    for (size_t v = 0; v < SQUARES_VECTORS; v++)
        vf_store_f32(largest, v * VF_LANES, max[v]);
    for (size_t lane = 0; lane < SQUARES_LANES; lane++)
        result.max = largest[lane] > result.max || largest[lane] != largest[lane] ? largest[lane] : result.max;
    return result;
}

#endif
