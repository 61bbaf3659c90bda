/* SPDX-License-Identifier: MIT */
/* The implementations that are measured: the library's variants, and others to compare them with. */
#ifndef DESCEND_BENCH_IMPLEMENTATION_H
#define DESCEND_BENCH_IMPLEMENTATION_H

#include "configuration.h"
#include "memory.h"

struct implementation;

/* Makes one step. threads is 1 if the implementation is not a variant. */
typedef descend_status implementation_update(const struct implementation *implementation,
                                             const struct configuration *configuration, struct memory *memory,
                                             unsigned threads);

struct implementation {
    const char *name; /* in the rows' names */
    bool variant;     /* whether it is one of the library; others run on one thread */
    const char *isa;  /* whose limit it is compared with: the variant's own, or of the variant in use */
    implementation_update *update;
    const void
        *functions; /* what update calls: a struct naive, separate_kernels or descend_kernels; NULL: the library */
};

/* All that can run here, variants first; *count of them. */
const struct implementation *implementations(size_t *count);

bool implementation_can(const struct implementation *implementation, const struct configuration *configuration);

/* To be called before its first update, and again after updates by another one. */
descend_status implementation_select(const struct implementation *implementation);

#endif
