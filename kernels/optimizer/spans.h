/* SPDX-License-Identifier: MIT */
/* The memory of all arrays of an optimizer, in a tree in which what overlaps an array is found in logarithmic time. */
#ifndef DESCEND_SPANS_H
#define DESCEND_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes begin … end - 1. Spans of a tree may overlap. */
struct span {
    uintptr_t begin, end;
    uintptr_t greatest_end; /* in the subtree of this span */
    struct span *lower, *higher;
};

/* Whether a span of the tree shares a byte with these; false where bytes is 0. */
bool descend_spans_overlap(const struct span *root, const void *data, size_t bytes);

/* Puts a span with these bytes, at least one, into the tree, and takes it out again. The span itself is the caller's,
 * and stays where it is. */
void descend_spans_insert(struct span **root, struct span *span, const void *data, size_t bytes);
void descend_spans_remove(struct span **root, struct span *span);

#endif
