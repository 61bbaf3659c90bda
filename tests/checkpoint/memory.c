/* SPDX-License-Identifier: MIT */
/* The memory that loading takes: no more than the header of the file and the optimizer say, and no second copy of what
 * may be read to where it stays. */
#include <stdlib.h>

#include "checkpoint/equal.h"
#include "checkpoint/scene.h"
#include "heap.h"
#include "test.h"

/* Memory that the object takes, counted apart: now, and the most since it was reset. */
static struct {
    size_t bytes, most;
} kept;

static void *keep(void *context, size_t size, size_t alignment)
{
    void *memory;
    (void)context;
    kept.bytes += size;
    kept.most = kept.bytes > kept.most ? kept.bytes : kept.most;
    return __real_posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void give_back(void *context, void *memory, size_t size)
{
    (void)context;
    kept.bytes -= size;
    __real_free(memory);
}

static const descend_allocator keeping = {keep, give_back, NULL};

enum { FILE_MEMORY = 81920, TENSOR_MEMORY = 128, GROUP_MEMORY = 512, BLOCK_MEMORY = 64 };

/* What the object may take beside the states that it has: room for what is replaced in the end. */
static size_t memory_aside(const struct mirror *mirror, bool params, bool states)
{
    size_t bytes = 2 * BLOCK_MEMORY + mirror->count * TENSOR_MEMORY +
                   descend_optimizer_group_count(mirror->optimizer) * GROUP_MEMORY;
    for (size_t i = 0; i < mirror->count; i++)
        bytes += (mirror->twin[i].shape.n + 1) / 2 * 8 * (params + (states ? mirror->group[0].states : 0));
    return bytes;
}

/* Loads from one mirror's file into the other, and counts. Whether both have states that a step has used. */
static void check_loading(const struct mirror *from, const struct mirror *to, const descend_checkpoint *with,
                          bool have_states)
{
    const descend_checkpoint all = {.params = true};
    assert_int_equal(descend_optimizer_save(from->optimizer, FILE_PATH, &all), DESCEND_OK);
    const struct bytes file = read_bytes(FILE_PATH);
    const size_t header = data_at(file), kept_before = kept.bytes;
    free(file.data);
    kept.most = kept_before;
    const long live = heap.live;
    heap_watch(0);
    const descend_status status = descend_optimizer_load(to->optimizer, FILE_PATH, with);
    heap.on = false;
    assert_int_equal(status, DESCEND_OK);
    assert_int_equal(heap.live, live);
    assert_int_equal(kept.bytes, kept_before);
    if (with->params)
        assert_equal_optimizers(from->optimizer, to->optimizer, "%zu tensors", from->count);
    if (heap.bytes > header + FILE_MEMORY)
        fail_msg("%s: a header of %zu bytes takes %zu", from->group[0].label, header, heap.bytes);
    const size_t aside = kept.most - kept_before, expected = memory_aside(to, with->params, have_states);
    if (aside > expected)
        fail_msg("%s: %zu bytes set aside, not %zu", from->group[0].label, aside, expected);
}

static struct mirror with_tensors(const struct configuration *configuration, const struct shape *shapes, size_t count)
{
    struct mirror mirror = mirror_new(configuration);
    assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &keeping), DESCEND_OK);
    mirror_add(&mirror, shapes, count, ORDINARY, 1);
    return mirror;
}

static void check_sizes(const struct configuration *configuration)
{
    enum { MANY = 1000 };
    static struct shape many[MANY];
    static const struct shape one = {.n = 1}, large = {.n = 40000};
    for (size_t i = 0; i < MANY; i++)
        many[i].n = i % 3;
    const struct {
        const struct shape *shapes;
        size_t count;
    } sets[] = {{NULL, 0}, {&one, 1}, {&large, 1}, {many, MANY}};
    for (size_t i = 0; i < COUNT(sets) * 4; i++) {
        const bool initialised = i & 1;
        const descend_checkpoint with = {.params = i & 2};
        struct mirror from = with_tensors(configuration, sets[i / 4].shapes, sets[i / 4].count);
        struct mirror to = with_tensors(configuration, sets[i / 4].shapes, sets[i / 4].count);
        if (initialised)
            mirror_step(&from, NULL, NULL);
        check_loading(&from, &to, &with, false);
        check_loading(&from, &to, &with, initialised);
        mirror_free(&from);
        mirror_free(&to);
    }
    assert_int_equal(kept.bytes, 0);
}

static void no_more_than_the_header_says(void **state)
{
    (void)state;
    for_each_fullest(check_sizes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_more_than_the_header_says)};
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
