/* SPDX-License-Identifier: MIT */
/* Segments: for sums a whole tensor is divided into them, each is summed by itself, and their sums are added in order
 * (docs/numerics.md, rule 7). An array is all of the tensor or a shard of it, whose ends may lie within segments. */
#ifndef DESCEND_SEGMENT_H
#define DESCEND_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "kernels.h"

enum { SEGMENTS_MAX = 256 }; /* of a whole tensor */

struct descend_segments {
    size_t n;        /* elements of the array */
    uint64_t length; /* of a segment; the tensor's last may be shorter */
    uint64_t lead;   /* elements of the array's first segment that lie before the array */
    size_t count;    /* segments that the array has elements of */
};

/* The segments of an array with the elements first … first + n - 1 of a tensor of `whole` elements. */
struct descend_segments descend_segments_of(size_t n, uint64_t first, uint64_t whole);

/* The segment of an element of the array. The first element of a segment; n where segment >= count. */
size_t descend_segment_at(const struct descend_segments *segments, size_t element);
size_t descend_segment_begin(const struct descend_segments *segments, size_t segment);

/* A segment's sums from those of its lanes. To be called guarded (cpu.h). */
struct descend_norms descend_norms_of(const struct descend_norm_lanes *lanes);

/* The norm of the parameters divided by the norm of the step, from the sums of all segments; 1 where one of them is 0.
 * To be called guarded (cpu.h). */
double descend_norm_ratio(const struct descend_norms *segments, size_t count);

#endif
