/* SPDX-License-Identifier: MIT */
/* The plain loops of naive.c, compiled in one way. */
#ifndef DESCEND_BENCH_NAIVE_H
#define DESCEND_BENCH_NAIVE_H

#include <stddef.h>

struct naive {
    const char *name; /* "naive-gcc-O3" */
    void (*sgd)(size_t n, float *p, const float *g);
    void (*momentum)(size_t n, float *p, const float *g, float *buffer);
    void (*rmsprop)(size_t n, float *p, const float *g, float *square_avg);
    void (*adam)(size_t n, float *p, const float *g, float *exp_avg, float *exp_avg_sq, int step);
};

#endif
