/* SPDX-License-Identifier: MIT */
/* Deterministic test data, and arrays compared bit by bit. */
#ifndef DESCEND_TESTS_DATA_H
#define DESCEND_TESTS_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "configuration.h"

/* SplitMix64 (Steele, Lea and Flood 2014): the next of a sequence that starts at any state. */
uint64_t random_bits(uint64_t *state);

enum data_kind {
    ORDINARY, /* either sign, magnitudes from 1e-6 to 1e3 */
    SPECIAL,  /* half of it ±0, subnormals, ±FLT_MAX, ±Inf, NaN, 1 */
    DATA_KINDS
};
extern const char *const data_kind_names[DATA_KINDS];

void fill(float *array, size_t n, enum data_kind kind, uint64_t seed);

/* The arrays of one configuration: param, grad, and its states. */
enum { ARRAYS = 2 + CONFIGURATION_STATES };
struct arrays {
    float *array[ARRAYS];
    size_t n;
};
enum { PARAM = 0, GRAD = 1, STATE = 2 };

/* "param", "grad", or the state's name; whether the configuration's steps write the array. */
const char *array_name(const struct configuration *configuration, size_t array);
bool array_written(const struct configuration *configuration, size_t array);

/* How many elements it has beside n of the parameter: 1 if it is a scalar state. */
size_t array_length(const struct configuration *configuration, size_t array, size_t n);

/* Zeroed arrays of n elements; freed by arrays_free. Ends the program where there is no memory. */
struct arrays arrays_new(size_t n);
void arrays_free(struct arrays *arrays);

/* Param and gradient from the seed; states too, the averages of squares not negative, scalars between 0 and 1. */
void arrays_fill(const struct configuration *configuration, struct arrays *arrays, enum data_kind kind, uint64_t seed);

/* One step of the configuration on all elements. State arrays that it does not use are given as NULL. */
descend_status arrays_step(const struct configuration *configuration, uint64_t step, struct arrays *arrays,
                           const descend_exec *exec);

/* The states as descend_step takes them: those that the configuration uses, others NULL. A scalar state is at *through,
 * with its value after this step. */
void arrays_states(const struct configuration *configuration, uint64_t step, const struct arrays *arrays,
                   float *state[CONFIGURATION_STATES], float *through);

/* To be called between two steps that follow each other: the scalar state, if there is one, to after this step. */
void arrays_advance(const struct configuration *configuration, uint64_t step, struct arrays *arrays);

/* The index of the first element that differs in bits, n if none does. Any NaN equals any NaN. */
size_t first_difference(const float *a, const float *b, size_t n);

/* The first field by which two configs differ, in bits; "kind", where they differ in that; NULL where they are equal.
 */
const char *config_difference(const descend_config *a, const descend_config *b);
void assert_config_equal(const descend_config *a, const descend_config *b);

/* Fails the cmocka test, saying where, unless the first `a->n` elements of all arrays are the same bits. The context
 * goes into the message. */
void assert_same_arrays(const struct configuration *configuration, const struct arrays *a, const struct arrays *b,
                        const char *context, ...) __attribute__((format(printf, 4, 5)));

#endif
