/* SPDX-License-Identifier: MIT */
/*
 * Where the optimizer object's memory comes from and goes to: every allocation failing in turn leaks and changes
 * nothing, the caller's allocator gets back each block with its size, and steps allocate nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "earlier.h"
#include "heap.h"
#include "mirror.h"
#include "test.h"

/* A caller's allocator that keeps account. Its memory is full of NaN, and behind it are bytes that have to stay. */
enum { BLOCKS = 4096, HUGE_PAGE = 2 << 20, BEHIND = 64 };
static struct {
    struct {
        void *memory;
        size_t size;
    } block[BLOCKS];
    long calls, live, fail_at;
    size_t bytes; /* of all calls */
} account;

static void *allocate(void *context, size_t size, size_t alignment)
{
    assert_ptr_equal(context, &account);
    assert_true(size > 0);
    assert_int_equal(alignment, size >= 2 * HUGE_PAGE ? HUGE_PAGE : 64);
    if (++account.calls == account.fail_at)
        return NULL;
    void *memory;
    assert_int_equal(__real_posix_memalign(&memory, alignment, size + BEHIND), 0);
    size_t i = 0;
    while (i < BLOCKS && account.block[i].memory)
        i++;
    assert_true(i < BLOCKS);
    account.block[i].memory = memory, account.block[i].size = size;
    account.live++;
    account.bytes += size;
    memset((char *)memory + size, 0xa5, BEHIND);
    return memset(memory, 0xff, size);
}

static void give_back(void *context, void *memory, size_t size)
{
    assert_ptr_equal(context, &account);
    size_t i = 0;
    while (i < BLOCKS && (account.block[i].memory != memory || !memory))
        i++;
    assert_true(i < BLOCKS);
    assert_int_equal(size, account.block[i].size);
    for (size_t k = 0; k < BEHIND; k++)
        assert_int_equal(((unsigned char *)memory)[size + k], 0xa5);
    account.block[i].memory = NULL;
    account.live--;
    __real_free(memory);
}

static const descend_allocator accounting = {allocate, give_back, &account};

/* More than one block of each kind that there may be: a large tensor, and many. */
enum { LARGE = 1 << 20, TENSORS = 200 };

static void append_tensors(struct mirror *mirror)
{
    static struct shape shapes[TENSORS];
    for (size_t i = 0; i < TENSORS; i++)
        shapes[i] = (struct shape){.n = i == 7 ? LARGE : i * i % 97, .own_state = i % 5 == 4, .absent = i % 9 == 1};
    mirror_append(mirror, shapes, TENSORS, ORDINARY, 1);
}

/* Adds the mirror's tensors. */
static descend_status add(const struct mirror *mirror)
{
    static descend_tensor tensors[TENSORS];
    for (size_t i = 0; i < TENSORS; i++)
        tensors[i] = mirror_tensor(mirror, i);
    heap.on = true;
    const descend_status status = descend_optimizer_add(mirror->optimizer, 0, tensors, TENSORS);
    heap.on = false;
    return status;
}

/* Of tensors that are not the object's. */
static const struct configuration parameters_and_gradients = {.label = "failed add"};

/* Whose allocations fail in turn: the C library's, or those of the caller's allocator. */
struct failing {
    long *fail_at;
    const long *calls, *live;
};

static void check_add_failing(const struct mirror *mirror, const struct failing *failing)
{
    long failures = 0;
    for (descend_status status = DESCEND_NO_MEMORY; status != DESCEND_OK; failures++) {
        const long live_before = *failing->live;
        *failing->fail_at = *failing->calls + failures + 1;
        const long calls_before = *failing->calls;
        status = add(mirror);
        if (status == DESCEND_OK)
            break;
        assert_int_equal(status, DESCEND_NO_MEMORY);
        assert_true(*failing->calls > calls_before);
        assert_int_equal(*failing->live, live_before);
        assert_int_equal(descend_optimizer_tensor_count(mirror->optimizer), 0);
        assert_int_equal(descend_optimizer_find(mirror->optimizer, mirror->twin[3].name), 0);
        for (size_t i = 0; i < TENSORS; i++)
            assert_same_arrays(&parameters_and_gradients, &mirror->twin[i].given, &mirror->twin[i].plain, "add");
    }
    *failing->fail_at = 0;
    assert_true(failures > 0);
}

static void assert_unchanged(struct mirror *mirror, const char *call, long failure)
{
    descend_config config;
    assert_int_equal(descend_optimizer_config(mirror->optimizer, 0, &config), DESCEND_OK);
    assert_config_equal(&config, &mirror->group[0].config);
    assert_mirrored(mirror, "allocation %ld of %s failed", failure, call);
    mirror_step(mirror, NULL, NULL);
    assert_mirrored(mirror, "a step after allocation %ld of %s failed", failure, call);
}

/* The same for a config that uses all states. */
static void check_configure_failing(struct mirror *mirror, const struct configuration *fullest,
                                    const struct failing *failing)
{
    long failures = 0;
    for (descend_status status = DESCEND_NO_MEMORY; status != DESCEND_OK; failures++) {
        const long live_before = *failing->live;
        *failing->fail_at = *failing->calls + failures + 1;
        heap.on = true;
        status = descend_optimizer_configure(mirror->optimizer, 0, &fullest->config);
        heap.on = false;
        if (status == DESCEND_OK)
            break;
        assert_int_equal(status, DESCEND_NO_MEMORY);
        assert_int_equal(*failing->live, live_before);
        assert_unchanged(mirror, "configure", failures + 1);
    }
    *failing->fail_at = 0;
    assert_true(failures > 0 || mirror->group[0].used == fullest->used);
    mirror_configure(mirror, 0, fullest);
}

/* The same for a snapshot that has all states. The object may keep the first block that it got for them. */
static void check_restore_failing(struct mirror *mirror, struct earlier *earlier, bool by_reading,
                                  const struct failing *failing)
{
    const descend_snapshot snapshot = earlier_snapshot(earlier, by_reading);
    const long live_before = *failing->live;
    long failures = 0;
    for (descend_status status = DESCEND_NO_MEMORY; status != DESCEND_OK; failures++) {
        *failing->fail_at = *failing->calls + failures + 1;
        heap.on = true;
        status = descend_optimizer_restore(mirror->optimizer, &snapshot);
        heap.on = false;
        assert_in_range(*failing->live, live_before, live_before + 1);
        if (status == DESCEND_OK)
            break;
        assert_int_equal(status, DESCEND_NO_MEMORY);
        assert_unchanged(mirror, "restore", failures + 1);
    }
    *failing->fail_at = 0;
    assert_true(failures > 0);
    earlier_expect(earlier, mirror);
    assert_mirrored(mirror, "restored after failed allocations");
}

static struct mirror new_mirror(const struct configuration *configuration, bool own_allocator)
{
    struct mirror mirror = mirror_new(configuration);
    if (own_allocator)
        assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &accounting), DESCEND_OK);
    append_tensors(&mirror);
    return mirror;
}

static void check_failing(const struct configuration *first, const struct configuration *fullest, bool own_allocator)
{
    const struct failing failing = {own_allocator ? &account.fail_at : &heap.fail_at,
                                    own_allocator ? &account.calls : &heap.calls,
                                    own_allocator ? &account.live : &heap.live};
    const long live = heap.live;
    for (unsigned way = 0; way < 3; way++) {
        struct mirror mirror = new_mirror(first, own_allocator);
        struct earlier earlier = {.params = true};
        if (way == 0) {
            check_add_failing(&mirror, &failing);
            mirror_step(&mirror, NULL, NULL);
            check_configure_failing(&mirror, fullest, &failing);
        } else {
            assert_int_equal(add(&mirror), DESCEND_OK);
            mirror_step(&mirror, NULL, NULL);
            struct mirror full = new_mirror(fullest, own_allocator);
            assert_int_equal(add(&full), DESCEND_OK);
            mirror_step(&full, NULL, NULL);
            earlier_keep(&earlier, &full);
            check_restore_failing(&mirror, &earlier, way == 2, &failing);
            mirror_free(&full);
        }
        for (int i = 0; i < 2; i++)
            mirror_step(&mirror, NULL, NULL);
        assert_mirrored(&mirror, "after failed allocations");
        mirror_free(&mirror);
        earlier_free(&earlier);
        assert_int_equal(heap.live, live);
        assert_int_equal(account.live, 0);
    }
}

/* From the first configuration of each optimizer, with the fewest states, to its last, with all. */
static void allocations_that_fail(void **state)
{
    (void)state;
    size_t count, first = 0;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || strcmp(all[i].optimizer, all[i + 1].optimizer) != 0) {
            check_failing(&all[first], &all[i], false);
            check_failing(&all[first], &all[i], true);
            first = i + 1;
        }
}

/* The object and its groups, whose memory is the C library's. */
static void check_creation(const struct configuration *configuration)
{
    descend_optimizer *const untouched = (void *)&heap;
    descend_optimizer *optimizer = untouched;
    const long live_before = heap.live;
    heap_watch(1);
    for (; descend_optimizer_create(&optimizer, &configuration->config) != DESCEND_OK; heap.fail_at++, heap.calls = 0) {
        assert_int_equal(heap.live, live_before);
        assert_ptr_equal(optimizer, untouched);
    }
    assert_true(heap.fail_at > 1);
    for (unsigned made = 1, failed = 0; made < 40; heap.calls = 0) {
        unsigned group = 77;
        const long live = heap.live;
        heap.fail_at = (long)failed + 1;
        const descend_status status = descend_optimizer_group(optimizer, &configuration->config, &group);
        failed = status == DESCEND_OK ? 0 : failed + 1;
        assert_int_equal(status, failed ? DESCEND_NO_MEMORY : DESCEND_OK);
        assert_int_equal(group, failed ? 77 : made);
        assert_true(!failed || heap.live == live);
        made += !failed;
        assert_int_equal(descend_optimizer_group_count(optimizer), made);
    }
    heap.fail_at = 0;
    descend_optimizer_destroy(optimizer);
    heap.on = false;
    assert_int_equal(heap.live, live_before);
}

static void objects_and_groups_that_fail(void **state)
{
    (void)state;
    for_each_structure(check_creation);
}

/* The first step, which writes fresh state, is a step too. */
static void check_steps(const struct configuration *configuration)
{
    static const struct shape shapes[] = {{.n = 40000, .copy = DESCEND_BF16}, {.n = 7}, {.n = 0}, {.n = 4097}};
    static const descend_exec how[] = {{0}, {.threads = 1}, {.threads = 2, .serial_below = 1}, {.slices = 1}};
    const descend_pass pass = {.grad_scale = &(double){0.5}, .flush_subnormals = true};
    descend_measurement found;
    struct mirror mirror = mirror_new(configuration);
    assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &accounting), DESCEND_OK);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    const long calls = account.calls, live = account.live;
    heap_watch(0);
    heap.on = false;
    for (size_t i = 0; i < COUNT(how) - !configuration->in_slices; i++) {
        mirror_expect(&mirror, &pass);
        heap.on = true;
        const descend_status status[] = {descend_optimizer_measure(mirror.optimizer, &how[i], &found),
                                         descend_optimizer_step(mirror.optimizer, &pass, &how[i]),
                                         descend_optimizer_zero_grad(mirror.optimizer, &how[i])};
        heap.on = false;
        for (size_t k = 0; k < COUNT(status); k++)
            assert_int_equal(status[k], DESCEND_OK);
        for (size_t k = 0; k < COUNT(shapes); k++)
            memset(mirror.twin[k].plain.array[GRAD], 0, shapes[k].n * sizeof(float));
        assert_mirrored(&mirror, "allocation-free step");
        mirror_gradients(&mirror, ORDINARY, i);
    }
    assert_true(heap.calls == 0 && account.calls == calls && account.live == live);
    mirror_free(&mirror);
    assert_int_equal(account.live, 0);
}

static void steps_allocate_nothing(void **state)
{
    (void)state;
    for_each_structure(check_steps);
}

static void check_allocator(const struct configuration *configuration)
{
    static const struct shape shape = {.n = 0};
    const descend_allocator bad[] = {{NULL, give_back, &account}, {allocate, NULL, &account}, {NULL, NULL, NULL}};
    struct mirror mirror = mirror_new(configuration);
    assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, NULL), DESCEND_BAD_ALLOCATOR);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &bad[i]), DESCEND_BAD_ALLOCATOR);
    for (int i = 0; i < 2; i++)
        assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &accounting), DESCEND_OK);
    mirror_add(&mirror, &shape, 1, ORDINARY, 1);
    assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &accounting), DESCEND_IN_USE);
    mirror_free(&mirror);
    assert_int_equal(account.live, 0);
}

static void allocators(void **state)
{
    (void)state;
    for_each_structure(check_allocator);
}

static bool same_place(const void *a, const void *b)
{
    return ((uintptr_t)a - (uintptr_t)b) % 4096 == 0;
}

/* State that the object allocates begins at multiples of 64 bytes; that of a large tensor nowhere at the same place of
 * a page as the arrays that a step reads beside it. Floats have no second part. */
static void check_places(const struct configuration *configuration)
{
    static const struct shape shapes[] = {{.n = 1},    {.n = 33},   {.n = 4096},  {.n = 1023},
                                          {.n = 5000}, {.n = 8192}, {.n = 12288}, {.n = 65536}};
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    mirror_step(&mirror, NULL, NULL);
    for (size_t i = 0; i < COUNT(shapes); i++) {
        descend_tensor now;
        assert_int_equal(descend_optimizer_tensor(mirror.optimizer, i, &now, NULL), DESCEND_OK);
        const void *const array[] = {now.param.data, now.grad.data, now.state[0].data, now.state[1].data,
                                     now.state[2].data};
        for (size_t j = STATE; j < COUNT(array); j++)
            for (size_t k = 0; k < j && array[j]; k++)
                if ((uintptr_t)array[j] % 64 != 0 || (now.n >= 4096 && array[k] && same_place(array[j], array[k])))
                    fail_msg("%s, n %zu: state at %p, another array at %p", configuration->label, now.n, array[j],
                             array[k]);
        for (size_t j = 0; j < DESCEND_STATES; j++)
            assert_null(now.state[j].second);
    }
    mirror_free(&mirror);
}

static void places_of_states(void **state)
{
    (void)state;
    for_each_structure(check_places);
}

/* What the states that are used need, and a little for their places and for the rest. */
static void check_bytes(const struct configuration *configuration)
{
    static const struct shape shapes[] = {{.n = 100000}, {.n = 7}, {.n = 300000, .own_state = true}};
    enum { REST = 65536 };
    size_t states = 0;
    for (unsigned k = 0; k < configuration->states; k++)
        states += configuration->used >> k & 1;
    struct mirror mirror = mirror_new(configuration);
    assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &accounting), DESCEND_OK);
    account.bytes = 0;
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    assert_in_range(account.bytes, states * 7 * sizeof(float), states * 100007 * sizeof(float) + REST);
    mirror_free(&mirror);
}

static void no_more_bytes_than_states(void **state)
{
    (void)state;
    for_each_structure(check_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_that_fail),  cmocka_unit_test(objects_and_groups_that_fail),
        cmocka_unit_test(steps_allocate_nothing), cmocka_unit_test(allocators),
        cmocka_unit_test(places_of_states),       cmocka_unit_test(no_more_bytes_than_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
