/* The sum of squares and the largest magnitude: the reducing loop of rule 7 (docs/numerics.md). */
#ifndef DESCEND_SQUARES_H
#define DESCEND_SQUARES_H

#include <string.h>

#include "kernels.h"

enum { SQUARES_LANES = 16, SQUARES_VECTORS = SQUARES_LANES / VF_LANES };

struct squares_lanes {
    vd sum[SQUARES_VECTORS];
    vf max[SQUARES_VECTORS];
};

/* Element i goes to lane i mod 16, in every variant. The product of two floats is exact in double. */
static inline void squares_block(struct squares_lanes *lanes, const float *block)
{
    for (size_t v = 0; v < SQUARES_VECTORS; v++) {
        const vf x = vf_load_f32(block, v * VF_LANES);
        const vd wide = vd_widen(x);
        lanes->sum[v] = vd_add(lanes->sum[v], vd_mul(wide, wide));
        lanes->max[v] = vf_max(lanes->max[v], vf_abs(x));
    }
}

static inline struct descend_squares squares(const float *array, size_t begin, size_t end)
{
    struct squares_lanes lanes;
    struct descend_squares result = {0, 0};
    for (size_t v = 0; v < SQUARES_VECTORS; v++) {
        lanes.sum[v] = vd_zero();
        lanes.max[v] = vf_set1(0);
    }
    size_t i = begin;
    for (; end - i >= SQUARES_LANES; i += SQUARES_LANES)
        squares_block(&lanes, array + i);
    float rest[SQUARES_LANES] = {0};
    memcpy(rest, array + i, (end - i) * sizeof *array);
    squares_block(&lanes, rest);

    double sum[SQUARES_LANES];
    float max[SQUARES_LANES];
    for (size_t v = 0; v < SQUARES_VECTORS; v++) {
        vd_store(sum, v * VF_LANES, lanes.sum[v]);
        vf_store_f32(max, v * VF_LANES, lanes.max[v]);
    }
    for (size_t lane = 0; lane < SQUARES_LANES; lane++) {
        result.sum += sum[lane];
        result.max = max[lane] > result.max || max[lane] != max[lane] ? max[lane] : result.max;
    }
    return result;
}

#endif
