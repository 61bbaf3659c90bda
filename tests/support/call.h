/* SPDX-License-Identifier: MIT */
/* One call of a step function with arguments of any kind, and the proof that a refused one changed nothing. */
#ifndef DESCEND_TESTS_CALL_H
#define DESCEND_TESTS_CALL_H

#include <stdbool.h>

#include "data.h"

enum {
    CALL_N = 100, /* elements of each array */
    CALL_SPACING = 2 * CALL_N
};

struct call {
    struct configuration configuration; /* a copy: its config is the call's own */
    bool without_config;
    uint64_t step;
    float *array[ARRAYS];
    size_t n;
    const descend_exec *exec;
};

/* A call that is right in everything: step 2, CALL_N elements, no exec. All arrays are given, also those that the
 * config does not use, CALL_SPACING elements apart and with a free spacing before the first and behind the last. */
struct call call_of(const struct configuration *configuration);

/* How many arrays its step function takes, and whether this config uses number k of them. */
size_t call_arrays(const struct call *call);
bool call_uses(const struct call *call, size_t k);

/* Each makes the call and fails the cmocka test with this context unless it returns the status; assert_refused also
 * unless every byte of all arrays, and of the free elements around them, is as before. */
void assert_accepted(const struct call *call, const char *context, ...) __attribute__((format(printf, 2, 3)));
void assert_refused(const struct call *call, descend_status status, const char *context, ...)
    __attribute__((format(printf, 3, 4)));

#endif
