#include "segment.h"

#include <math.h>

#include "run.h"

size_t descend_segment(size_t n)
{
    const size_t even = n / SEGMENTS_MAX + (n % SEGMENTS_MAX != 0);
    return even <= BLOCK ? BLOCK : (even + BLOCK - 1) / BLOCK * BLOCK;
}

size_t descend_segments(size_t n)
{
    return n / descend_segment(n) + (n % descend_segment(n) != 0);
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
