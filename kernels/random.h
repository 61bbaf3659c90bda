/* SPDX-License-Identifier: MIT */
/* Random bits as a function of the optimizer's seed and of a tensor's name, step, array and element, never of who
 * computes them (docs/numerics.md, rule 11). */
#ifndef DESCEND_RANDOM_H
#define DESCEND_RANDOM_H

#include <stdint.h>

/* splitmix64 (Steele, Lea and Flood 2014; the multipliers are Stafford's variant 13). */
static inline uint64_t random_mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

/* The key of a step of a tensor, of whose name this is the FNV-1a hash. */
static inline uint64_t random_step_key(uint64_t seed, uint64_t name_hash, uint64_t step)
{
    return random_mix(random_mix(seed ^ name_hash) ^ step);
}

/* The key of 2^32 elements of one of its arrays: number 0 is the parameter, k + 1 state k. */
static inline uint64_t random_array_key(uint64_t step_key, unsigned array, uint64_t element)
{
    return random_mix(step_key ^ ((uint64_t)array << 32 | element >> 32));
}

#endif
