/* SPDX-License-Identifier: MIT */
/* What descend_slice promises, at every scale: tiling in order, the grid, equal sizes, nothing beyond the last slice.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "data.h"
#include "test.h"

enum {
    BLOCK = 4096,
    ALL_UP_TO = 100000, /* beyond this many slices, samples */
    SAMPLES = 2000
};

static const size_t ns[] = {
    0,
    1,
    BLOCK - 1,
    BLOCK,
    BLOCK + 1,
    2 * BLOCK - 1,
    2 * BLOCK,
    7 * BLOCK + 5,
    1000000,
    64 * BLOCK,
    1000 * BLOCK - 1,
    1000 * BLOCK + 1,
    (size_t)1 << 31,
    ((size_t)1 << 31) + 1,
    (size_t)UINT_MAX *BLOCK,
    (size_t)UINT_MAX *BLOCK + 1,
    PTRDIFF_MAX,
    PTRDIFF_MAX / 4,
    SIZE_MAX - 2 * BLOCK,
    SIZE_MAX - BLOCK,
    SIZE_MAX - BLOCK + 1,
    SIZE_MAX - 1,
    SIZE_MAX,
};
static const unsigned slice_counts[] = {
    1, 2, 3, 7, 8, 64, 100, 255, 1000, 4095, 65536, 65537, INT_MAX - 1u, INT_MAX + 1u, UINT_MAX - 1, UINT_MAX};

/* Number of blocks that hold so many elements, the last perhaps in part. */
static size_t blocks_of(size_t elements)
{
    return elements / BLOCK + (elements % BLOCK != 0);
}

struct range {
    size_t begin, end;
};

static struct range range_of(size_t n, unsigned slice, unsigned slices)
{
    /* values that no slice has, so that one left unwritten shows */
    struct range range = {.begin = 12345, .end = 6789};
    descend_slice(n, slice, slices, &range.begin, &range.end);
    return range;
}

/* One slice against its neighbour, the grid, and the equal share. */
static void check_slice(size_t n, unsigned slice, unsigned slices)
{
    const struct range range = range_of(n, slice, slices);
    const size_t share = blocks_of(n) / slices, blocks = blocks_of(range.end - range.begin);
    const char *wrong = NULL;
    if (range.begin > range.end || range.end > n)
        wrong = "is not a range within the array";
    else if (slice == 0 && range.begin != 0)
        wrong = "does not begin at 0";
    else if (range.begin % BLOCK != 0 && range.begin != n)
        wrong = "begins off the grid";
    else if (slice == slices - 1 && range.end != n)
        wrong = "is the last and does not end at n";
    else if (slice < slices - 1 && range.end != range_of(n, slice + 1, slices).begin)
        wrong = "does not end where the next begins";
    else if (blocks != share && blocks != share + 1)
        wrong = "is more than a block from the equal share";
    else if (blocks > share && blocks_of(n) % slices == 0)
        wrong = "is larger than the equal share";
    if (wrong)
        fail_msg("n %zu: slice %u of %u, [%zu, %zu), %s", n, slice, slices, range.begin, range.end, wrong);
}

static void check_beyond(size_t n, unsigned slice, unsigned slices)
{
    const struct range range = range_of(n, slice, slices);
    if (range.begin != range.end || range.end > n)
        fail_msg("n %zu: slice %u of %u covers [%zu, %zu), not nothing", n, slice, slices, range.begin, range.end);
}

static void check_slices(size_t n, unsigned slices)
{
    uint64_t seed = slices;
    if (slices <= ALL_UP_TO)
        for (unsigned i = 0; i < slices; i++)
            check_slice(n, i, slices);
    else
        for (unsigned i = 0; i < SAMPLES; i++) {
            check_slice(n, i, slices);
            check_slice(n, slices - 1 - i, slices);
            check_slice(n, (unsigned)(random_bits(&seed) % slices), slices);
        }
    if (slices < UINT_MAX)
        check_beyond(n, slices + 1, slices);
    check_beyond(n, slices, slices);
    check_beyond(n, UINT_MAX, slices);
}

static void slices_tile_the_array(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ns); i++)
        for (size_t j = 0; j < COUNT(slice_counts); j++)
            check_slices(ns[i], slice_counts[j]);
}

static void every_small_grid(void **state)
{
    (void)state;
    for (size_t blocks = 0; blocks <= 40; blocks++)
        for (unsigned slices = 1; slices <= 45; slices++)
            for (size_t n = blocks * BLOCK; n <= blocks * BLOCK + 2; n++)
                check_slices(n, slices);
}

static void any_grid(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        const uint64_t shifts = random_bits(&seed); /* every order of magnitude */
        const size_t n = (size_t)(random_bits(&seed) >> shifts % 64);
        const unsigned slices = (unsigned)(random_bits(&seed) >> (32 + (shifts >> 6) % 32)) | 1;
        check_slice(n, (unsigned)(random_bits(&seed) % slices), slices);
    }
}

static void no_slices_means_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ns); i++) {
        const struct range range = range_of(ns[i], 0, 0);
        if (range.begin != 0 || range.end != ns[i])
            fail_msg("n %zu: slice 0 of 0 is [%zu, %zu)", ns[i], range.begin, range.end);
        check_beyond(ns[i], 1, 0);
        check_beyond(ns[i], UINT_MAX, 0);
    }
}

/* The element counts of all slices but the one that ends the array differ by a block at most. */
static void sizes_differ_by_a_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ns); i++)
        for (size_t j = 0; j < COUNT(slice_counts) && slice_counts[j] <= ALL_UP_TO; j++) {
            size_t least = SIZE_MAX, most = 0;
            for (unsigned slice = 0; slice < slice_counts[j]; slice++) {
                const struct range range = range_of(ns[i], slice, slice_counts[j]);
                const size_t size = range.end - range.begin;
                most = size > most ? size : most;
                if (size < least && (range.end != ns[i] || size == 0))
                    least = size;
            }
            if (least < most && most - least > BLOCK)
                fail_msg("n %zu, %u slices: sizes from %zu to %zu", ns[i], slice_counts[j], least, most);
        }
}

/* A step given a slice touches exactly the elements that descend_slice names. */
static void a_step_does_its_slice(void **state)
{
    (void)state;
    enum { N = 5 * BLOCK + 17 };
    static float param[N];
    static const float grad[N];
    const descend_adamw config = {.lr = 0.5, .weight_decay = 1, .eps = 1};
    static float exp_avg[N], exp_avg_sq[N];
    for (unsigned slices = 1; slices <= 8; slices++)
        for (unsigned slice = 0; slice < slices; slice++) {
            const struct range range = range_of(N, slice, slices);
            const descend_exec exec = {.slice = slice, .slices = slices};
            for (size_t i = 0; i < N; i++)
                param[i] = 1;
            assert_int_equal(descend_adamw_step(&config, 1, param, grad, exp_avg, exp_avg_sq, NULL, N, &exec),
                             DESCEND_OK);
            for (size_t i = 0; i < N; i++)
                if (param[i] != (i >= range.begin && i < range.end ? 0.5f : 1))
                    fail_msg("slice %u of %u, [%zu, %zu): param[%zu] is %g", slice, slices, range.begin, range.end, i,
                             (double)param[i]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_tile_the_array),
        cmocka_unit_test(every_small_grid),
        cmocka_unit_test(any_grid),
        cmocka_unit_test(no_slices_means_one),
        cmocka_unit_test(sizes_differ_by_a_block),
        cmocka_unit_test(a_step_does_its_slice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
