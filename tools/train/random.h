/* SPDX-License-Identifier: MIT */
/*
 * PCG32 (XSH-RR): O'Neill, "PCG: a family of simple fast space-efficient statistically good algorithms for random
 * number generation" (2014). Our own generator, because rand() gives other numbers with every C library.
 *
 * Stream 1 of a seed draws the initial weights, stream 2 the order of the images. That order is at first the file's;
 * each epoch shuffles it once more and takes batches from its beginning, the last of which may be smaller.
 * tools/compare/comparison/batches.py does the same in Python.
 */
#ifndef DESCEND_TRAIN_RANDOM_H
#define DESCEND_TRAIN_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random_stream {
    uint64_t state, increment;
};

static inline uint32_t random_next(struct random_stream *stream)
{
    const uint64_t state = stream->state;
    stream->state = state * 6364136223846793005u + stream->increment;
    const uint32_t shifted = (uint32_t)(((state >> 18) ^ state) >> 27);
    const unsigned rotation = (unsigned)(state >> 59);
    return shifted >> rotation | shifted << (-rotation & 31u);
}

/* Streams of one seed are independent: how many numbers the weights take has no influence on the order of images. */
static inline struct random_stream random_start(uint64_t seed, uint64_t number)
{
    struct random_stream stream = {0, number << 1 | 1u};
    (void)random_next(&stream);
    stream.state += seed;
    (void)random_next(&stream);
    return stream;
}

/* Uniform in [0, 1), a multiple of 2^-24: every value is exact in float32. */
static inline float random_unit(struct random_stream *stream)
{
    return (float)(random_next(stream) >> 8) * 0x1p-24f;
}

/* Uniform in 0 … bound-1, without modulo bias; bound > 0. */
static inline uint32_t random_below(struct random_stream *stream, uint32_t bound)
{
    const uint32_t biased = -bound % bound; /* 2^32 mod bound */
    uint32_t value;
    do
        value = random_next(stream);
    while (value < biased);
    return value % bound;
}

/* The shuffle of Fisher and Yates. */
static inline void random_shuffle(struct random_stream *stream, uint32_t *items, uint32_t count)
{
    for (uint32_t left = count; left > 1; left--) {
        const uint32_t pick = random_below(stream, left);
        const uint32_t item = items[pick];
        items[pick] = items[left - 1];
        items[left - 1] = item;
    }
}

#endif
