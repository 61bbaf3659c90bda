/* SPDX-License-Identifier: MIT */
/* The median of timings, which a short burst of other work does not move. */
#ifndef DESCEND_TOOLS_MEDIAN_H
#define DESCEND_TOOLS_MEDIAN_H

#include <stddef.h>
#include <stdlib.h>

static inline int median_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of count values, at least one. Sorts them. */
static inline double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, median_compare);
    return values[count / 2];
}

#endif
