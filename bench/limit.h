/* SPDX-License-Identifier: MIT */
/* The machine's limit: kernels with an optimizer's memory traffic and hardly any arithmetic. */
#ifndef DESCEND_BENCH_LIMIT_H
#define DESCEND_BENCH_LIMIT_H

#include "kernels.h"

struct limit_kernels {
    const char *isa;
    descend_stream_kernel *kernel[STATES_MAX + 1]; /* by the number of state arrays, each read and written */
};

/* NULL if there is no such variant. */
const struct limit_kernels *limit_find(const char *isa);

#endif
