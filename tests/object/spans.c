/* SPDX-License-Identifier: MIT */
/* The tree of spans, against a list that is searched from end to end. */
#include <stddef.h>

#include "optimizer/spans.h"
#include "test.h"

enum { SPANS = 300, ROOM = 4000, LONGEST = 40, ROUNDS = 200000 };

static char room[ROOM + LONGEST];

static uint32_t random_below(uint32_t n)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 32) * n >> 32);
}

static bool overlaps_in_list(const struct span *spans, const bool *entered, const char *data, size_t bytes)
{
    const uintptr_t begin = (uintptr_t)data, end = begin + bytes;
    for (size_t i = 0; i < SPANS; i++)
        if (entered[i] && spans[i].begin < end && begin < spans[i].end)
            return true;
    return false;
}

/* Spans that overlap are entered, too, and several that begin at the same address. */
static void as_a_list(void **state)
{
    (void)state;
    static struct span spans[SPANS];
    static bool entered[SPANS];
    struct span *root = NULL;
    size_t overlapping = 0, apart = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        const size_t i = random_below(round % (ROUNDS / 4) < 1000 ? SPANS : SPANS / 10); /* few spans, then many */
        if (entered[i])
            descend_spans_remove(&root, &spans[i]);
        else
            descend_spans_insert(&root, &spans[i], room + random_below(ROOM), 1 + random_below(LONGEST));
        entered[i] = !entered[i];
        const char *data = room + random_below(ROOM);
        const size_t bytes = random_below(LONGEST);
        const bool expected = overlaps_in_list(spans, entered, data, bytes);
        assert_int_equal(descend_spans_overlap(root, data, bytes), expected && bytes > 0);
        overlapping += expected;
        apart += !expected;
    }
    assert_true(overlapping > ROUNDS / 10 && apart > ROUNDS / 10);
}

static unsigned depth(const struct span *span)
{
    const unsigned lower = span ? depth(span->lower) : 0, higher = span ? depth(span->higher) : 0;
    return span ? 1 + (lower > higher ? lower : higher) : 0;
}

/* Entered in order, too. The height of a random search tree of 10^5 nodes is about 45, give or take a few (4.311 ln n -
 * 1.953 ln ln n: Reed, "The height of a random binary search tree", 2003). */
static void never_deep(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static struct span spans[MANY];
    static char memory[MANY];
    struct span *root = NULL;
    for (size_t i = 0; i < MANY; i++)
        descend_spans_insert(&root, &spans[i], memory + i, 1);
    assert_true(depth(root) < 60);
    for (size_t i = 0; i < MANY; i += 2)
        descend_spans_remove(&root, &spans[i]);
    assert_true(depth(root) < 60);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(descend_spans_overlap(root, memory + i, 1), i % 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_list),
        cmocka_unit_test(never_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
