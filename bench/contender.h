/* Who updates: a variant of the library, or something to compare it with. */
#ifndef DESCEND_BENCH_CONTENDER_H
#define DESCEND_BENCH_CONTENDER_H

#include "kernels.h"
#include "memory.h"

enum { CONTENDER_STEP = 100003 }; /* a step count whose powers cost the most */

/* bench/naive.c, compiled in one way: the textbook's loops. */
struct naive {
    const char *name; /* "naive-gcc-O3" */
    void (*sgd)(size_t n, float *p, const float *g);
    void (*momentum)(size_t n, float *p, const float *g, float *buffer);
    void (*rmsprop)(size_t n, float *p, const float *g, float *square_avg);
    void (*adam)(size_t n, float *p, const float *g, float *exp_avg, float *exp_avg_sq, int step);
};

/* All ways that this build has; *count of them. */
const struct naive *const *naive_all(size_t *count);

/* False where there is no such loop for the subject. */
bool naive_update(const struct naive *naive, const struct subject *subject, struct memory *memory);

/* The scalar vocabulary compiled for AVX2, left to the compiler's own vectoriser; NULL where there is none. An update
 * prepares the scalars each time, as the library does. */
extern const struct descend_kernels *const autovectorised;
void autovectorised_update(const struct subject *subject, struct memory *memory);

#endif
