/* SPDX-License-Identifier: MIT */
/*
 * What stored arrays cost where the optimizer knows float32 only: each is converted to float32 by a pass of its own, an
 * AdamW of float32 takes the step, and what it changed is converted back, to nearest. With 8-bit states these are the
 * passes of bitsandbytes on CPUs (https://github.com/bitsandbytes-foundation/bitsandbytes/pull/1901), whose own update
 * is in several passes, too, and which allocates its float32 arrays in each step.
 */
#ifndef DESCEND_BENCH_CONVERTED_H
#define DESCEND_BENCH_CONVERTED_H

#include <stdbool.h>

#include "descend/optimizer.h"

enum { CONVERTED_ARRAYS = 4 }; /* parameter, gradient, exp_avg, exp_avg_sq */

struct converted {
    size_t n;
    struct {
        descend_array stored;
        float *values; /* the stored array itself where it is one of float32 */
    } array[CONVERTED_ARRAYS];
    unsigned char *memory; /* of the values */
    descend_adamw config;
};

/* For steps on the arrays of a tensor that has all of them. False if there is no memory. */
bool converted_new(struct converted *converted, const descend_tensor *tensor);
descend_status converted_step(struct converted *converted);
void converted_free(struct converted *converted);

#endif
