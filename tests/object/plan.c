/* SPDX-License-Identifier: MIT */
/* How the elements of many tensors are shared out: each exactly once, on the grid, in equal parts. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "optimizer/plan.h"
#include "test.h"

enum { BLOCK = 4096, COST = 64, TENSORS_MAX = 1000, PARTS_MAX = 67 };

static float memory[2]; /* nothing is read: all arrays may be anywhere, and overlap if nobody looks */

/* The tensors of an optimizer, with these sizes; sizes alone decide on the plan. */
struct scene {
    descend_optimizer *optimizer;
    size_t covered[TENSORS_MAX]; /* elements so far */
    size_t work;                 /* of the part that is walked */
    bool on_grid, in_order;
    plan_grid *grid;
};

static void visit(void *context, struct tensor *tensor, size_t begin, size_t end)
{
    struct scene *scene = context;
    size_t *covered = &scene->covered[tensor - scene->optimizer->table.tensor];
    scene->in_order = scene->in_order && *covered == begin && begin < end && end <= tensor->n;
    scene->on_grid =
        scene->on_grid && scene->grid(tensor, begin) == begin && (end == tensor->n || scene->grid(tensor, end) == end);
    *covered = end;
    scene->work += end - begin + (end == tensor->n ? COST : 0);
}

/* No part is farther from its share than what rounding to the grid moves its two ends. */
static void check_parts(struct scene *scene, struct range range, unsigned parts, size_t widest)
{
    const descend_optimizer *optimizer = scene->optimizer;
    const uint64_t *before = optimizer->table.work_before;
    const size_t share = (size_t)(before[range.first + range.count] - before[range.first]) / parts;
    memset(scene->covered, 0, sizeof scene->covered);
    scene->on_grid = scene->in_order = true;
    for (unsigned part = 0; part < parts; part++) {
        scene->work = 0;
        const struct plan_part which = {range, part, parts};
        descend_plan_walk(optimizer, &which, scene->grid, visit, scene);
        if (scene->work > share + widest + COST + 1 || scene->work + widest + COST + 1 < share)
            fail_msg("part %u of %u has %zu elements' work, its share is %zu", part, parts, scene->work, share);
    }
    assert_true(scene->in_order);
    assert_true(scene->on_grid);
    for (size_t t = 0; t < optimizer->tensors; t++)
        assert_int_equal(scene->covered[t], t - range.first < range.count ? optimizer->table.tensor[t].n : 0);
}

static void check_sizes(const size_t *sizes, size_t count)
{
    static char names[TENSORS_MAX][8];
    static struct tensor tensors[TENSORS_MAX];
    static uint64_t before[TENSORS_MAX + 1];
    descend_optimizer optimizer = {.tensors = count};
    optimizer.table = (struct table){.tensor = tensors, .work_before = before};
    size_t widest_segment = BLOCK;
    for (size_t t = 0; t < count; t++) {
        snprintf(names[t], sizeof names[t], "%zu", t);
        tensors[t] = (struct tensor){.param.data = memory, .grad.data = memory, .n = sizes[t], .name = names[t]};
        tensors[t].segments = descend_segments_of(sizes[t], 0, sizes[t]);
        if (tensors[t].segments.length > widest_segment)
            widest_segment = (size_t)tensors[t].segments.length;
        before[t + 1] = before[t] + descend_plan_work(&tensors[t]);
    }
    for (unsigned parts = 1; parts <= PARTS_MAX; parts++) {
        for (size_t first = 0; first < count; first = 2 * first + 1) {
            const struct range range = {first, first > 0 ? (count - first + 1) / 2 : count};
            struct scene blocks = {.optimizer = &optimizer, .grid = descend_plan_blocks};
            struct scene segments = {.optimizer = &optimizer, .grid = descend_plan_segments};
            check_parts(&blocks, range, parts, BLOCK);
            check_parts(&segments, range, parts, widest_segment);
        }
    }
}

static void equal_parts(void **state)
{
    (void)state;
    static size_t small[TENSORS_MAX];
    for (size_t t = 0; t < TENSORS_MAX; t++)
        small[t] = t * 7919 % 513; /* some are empty */
    check_sizes(small, TENSORS_MAX);
    check_sizes((const size_t[]){1 << 24}, 1);
    check_sizes((const size_t[]){1, (1 << 22) + 1, 4095, 4096, 4097, 1 << 20, 3}, 7);
    check_sizes((const size_t[]){SIZE_MAX / 64, 5, SIZE_MAX / 32}, 3);
}

/* What a part of an optimizer without tensors or parts beyond them do: nothing. */
static void nothing_to_do(void **state)
{
    (void)state;
    descend_optimizer empty = {.groups = 0};
    uint64_t before[1] = {0};
    empty.table.work_before = before;
    struct scene scene = {.optimizer = &empty, .grid = descend_plan_blocks};
    const struct plan_part part = {{0, 0}, 0, 3};
    descend_plan_walk(&empty, &part, descend_plan_blocks, visit, &scene);
    assert_int_equal(scene.work, 0);
}

/* Rule 7: max(4096, ceil(ceil(n / 256) / 4096) * 4096). */
static void segments(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4095, 4096, 4097, 256 * 4096, 256 * 4096 + 1, SIZE_MAX / 4};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t n = sizes[i], share = (n + 255) / 256, length = (share + BLOCK - 1) / BLOCK * BLOCK;
        const struct descend_segments found = descend_segments_of(n, 0, n);
        assert_int_equal(found.length, length);
        assert_int_equal(found.count, (n + length - 1) / length);
        assert_true(found.count <= 256);
        assert_int_equal(found.lead, 0);
    }
    assert_int_equal(descend_segments_of(0, 0, 0).count, 0);
}

/* Of a shard: those of the whole tensor that it has elements of, cut at its ends. */
static void segments_of_shards(void **state)
{
    (void)state;
    static const uint64_t wholes[] = {1, 4096, 5 * 4096 + 1, 300 * 4096, 1 << 22};
    for (size_t w = 0; w < sizeof wholes / sizeof *wholes; w++)
        for (uint64_t first = 0; first < wholes[w]; first += 1 + wholes[w] / 37)
            for (size_t n = 0; n <= wholes[w] - first; n += 1 + (size_t)wholes[w] / 13) {
                const struct descend_segments found = descend_segments_of(n, first, wholes[w]);
                const size_t length = (size_t)found.length;
                assert_int_equal(length, descend_segments_of((size_t)wholes[w], 0, wholes[w]).length);
                size_t at = 0;
                for (size_t i = 0; i < found.count; i++) {
                    assert_int_equal(descend_segment_begin(&found, i), at);
                    assert_true(at == 0 || (first + at) % length == 0);
                    assert_int_equal(descend_segment_at(&found, at), i);
                    at += length - (size_t)((first + at) % length);
                    assert_int_equal(descend_segment_at(&found, (at < n ? at : n) - 1), i);
                }
                assert_true(n == 0 ? found.count == 0 : at >= n && at < n + length);
                assert_int_equal(descend_segment_begin(&found, found.count), n);
            }
}

/* The whole tensor may be larger than memory. */
static void segments_of_a_small_shard(void **state)
{
    (void)state;
    const uint64_t whole = UINT64_C(1) << 53, length = whole / 256;
    const struct descend_segments found = descend_segments_of(100, 3 * length - 10, whole);
    assert_int_equal(found.length, length);
    assert_int_equal(found.lead, length - 10);
    assert_int_equal(found.count, 2);
    assert_int_equal(descend_segment_at(&found, 9), 0);
    assert_int_equal(descend_segment_at(&found, 10), 1);
    assert_int_equal(descend_segment_begin(&found, 1), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_parts),
        cmocka_unit_test(nothing_to_do),
        cmocka_unit_test(segments),
        cmocka_unit_test(segments_of_shards),
        cmocka_unit_test(segments_of_a_small_shard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
