/* What updates: a variant of the library, or something to compare it with. */
#ifndef DESCEND_BENCH_IMPLEMENTATION_H
#define DESCEND_BENCH_IMPLEMENTATION_H

#include "configuration.h"
#include "memory.h"

struct implementation;

/* One step. threads: 1 where the implementation is no variant. */
typedef descend_status implementation_update(const struct implementation *implementation,
                                             const struct configuration *configuration, struct memory *memory,
                                             unsigned threads);

struct implementation {
    const char *name; /* in the rows' names */
    bool variant;     /* of the library; else something to compare it with, on one thread */
    const char *isa;  /* the variant, or the one that the library uses: whose limit is this one's */
    implementation_update *update;
    const void *functions; /* which update calls: struct naive, separate_kernels or descend_kernels; NULL: none */
};

/* All that can run here, variants first; *count of them. */
const struct implementation *implementations(size_t *count);

bool implementation_can(const struct implementation *implementation, const struct configuration *configuration);

/* To be called before its first update, and again after another implementation's. */
descend_status implementation_select(const struct implementation *implementation);

#endif
