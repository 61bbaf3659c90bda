/* SPDX-License-Identifier: MIT */
#include "segment.h"

#include <math.h>

#include "run.h"

uint64_t descend_segment_length(uint64_t whole)
{
    const uint64_t even = whole / SEGMENTS_MAX + (whole % SEGMENTS_MAX != 0);
    return even <= BLOCK ? BLOCK : (even + BLOCK - 1) / BLOCK * BLOCK;
}

struct descend_segments descend_segments_of(size_t n, uint64_t first, uint64_t whole)
{
    const uint64_t length = descend_segment_length(whole), lead = first % length;
    return (struct descend_segments){n, length, lead, n > 0 ? (size_t)((n - 1 + lead) / length) + 1 : 0};
}

size_t descend_segment_at(const struct descend_segments *segments, size_t element)
{
    return (size_t)((element + segments->lead) / segments->length);
}

size_t descend_segment_begin(const struct descend_segments *segments, size_t segment)
{
    if (segment == 0)
        return 0;
    return segment < segments->count ? (size_t)(segment * segments->length - segments->lead) : segments->n;
}

struct descend_norms descend_norms_of(const struct descend_norm_lanes *lanes)
{
    struct descend_norms sum = {0, 0};
    for (size_t lane = 0; lane < SQUARES_LANES; lane++) {
        sum.param += lanes->param[lane];
        sum.step += lanes->step[lane];
    }
    return sum;
}

double descend_norm_ratio(const struct descend_norms *segments, size_t count)
{
    struct descend_norms sum = {0, 0};
    for (size_t i = 0; i < count; i++) {
        sum.param += segments[i].param;
        sum.step += segments[i].step;
    }
    return sum.param == 0 || sum.step == 0 ? 1 : sqrt(sum.param) / sqrt(sum.step);
}
