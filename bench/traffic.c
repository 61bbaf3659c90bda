/* SPDX-License-Identifier: MIT */
#include "traffic.h"

#ifdef _OPENMP
#include <omp.h>
#endif

#include "descend/descend.h"

static void move(const struct traffic *traffic, unsigned slice, unsigned slices)
{
    size_t begin, end;
    descend_slice(traffic->n, slice, slices, &begin, &end);
    traffic->limit->bytes(traffic->array, traffic->count, 0, begin, end);
}

void traffic_move(const struct traffic *traffic)
{
#ifdef _OPENMP
    if (traffic->threads > 1) {
#pragma omp parallel num_threads((int)traffic->threads)
        move(traffic, (unsigned)omp_get_thread_num(), (unsigned)omp_get_num_threads());
        return;
    }
#endif
    move(traffic, 0, 1);
}
