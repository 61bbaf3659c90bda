/* Who updates: a variant of the library, or something to compare it with. */
#ifndef DESCEND_BENCH_CONTENDER_H
#define DESCEND_BENCH_CONTENDER_H

#include "memory.h"

struct contender;
typedef descend_status contender_update(const struct contender *contender, const struct subject *subject,
                                        struct memory *memory, unsigned threads);

struct contender {
    const char *name; /* in the rows' */
    bool variant;     /* of the library; else something to compare it with, on one thread */
    const char *isa;  /* the variant, or the one that the library uses: whose limit is this one's */
    contender_update *update;
    const void *way; /* what update needs to know */
};

/* All that can run here; *count of them. */
const struct contender *contenders(size_t *count);

bool contender_can(const struct contender *contender, const struct subject *subject);

/* To be called before its first update, and again after another contender's. */
descend_status contender_select(const struct contender *contender);

#endif
