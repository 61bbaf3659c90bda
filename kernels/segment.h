/* Segments: the parts of a tensor whose sums are added up in order (docs/numerics.md, rule 7). */
#ifndef DESCEND_SEGMENT_H
#define DESCEND_SEGMENT_H

#include "kernels.h"

enum { SEGMENTS_MAX = 256 };

/* The elements of a segment in a tensor of n, and how many there are. */
size_t descend_segment(size_t n);
size_t descend_segments(size_t n);

/* The norm of the parameters by that of the step, from the sums of all segments; 1 where either norm is 0. It computes
 * in double: call it inside the guard of cpu.h. */
double descend_norm_ratio(const struct descend_norms *segments, size_t count);

#endif
