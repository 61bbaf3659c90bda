/* SPDX-License-Identifier: MIT */
/*
 * Where the optimizer object's memory comes from and goes to: every allocation failing in turn leaks and changes
 * nothing, the caller's allocator gets back each block with its size, and steps allocate nothing. The C library's
 * functions are wrapped by the linker (tests/CMakeLists.txt) in the library's own objects, which this program is built
 * of.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mirror.h"
#include "test.h"

/* What is counted while `on`: all calls, and the blocks not freed; which call is to fail. */
static struct {
    bool on;
    long calls, live, fail_at;
} heap;

static bool fails(void)
{
    return heap.on && ++heap.calls == heap.fail_at;
}

static void *counted(void *memory)
{
    heap.live += heap.on && memory;
    return memory;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (fails())
        return NULL;
    heap.live -= heap.on && memory;
    return counted(__real_realloc(memory, size));
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : counted(__real_aligned_alloc(alignment, size));
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (fails())
        return 12;
    const int error = __real_posix_memalign(memory, alignment, size);
    counted(error ? NULL : *memory);
    return error;
}

void __wrap_free(void *memory)
{
    heap.live -= heap.on && memory;
    __real_free(memory);
}

/* A caller's allocator that keeps account. Its memory is full of NaN. */
enum { BLOCKS = 4096, HUGE_PAGE = 2 << 20 };
static struct {
    struct {
        void *memory;
        size_t size;
    } block[BLOCKS];
    long calls, live, fail_at;
} account;

static void *allocate(void *context, size_t size, size_t alignment)
{
    assert_ptr_equal(context, &account);
    assert_true(size > 0 && (alignment == 64 || alignment == HUGE_PAGE));
    if (++account.calls == account.fail_at)
        return NULL;
    void *memory = __real_aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    size_t i = 0;
    while (i < BLOCKS && account.block[i].memory)
        i++;
    assert_true(memory != NULL && i < BLOCKS);
    account.block[i].memory = memory, account.block[i].size = size;
    account.live++;
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

/* Lets each allocation of `add` fail in turn, of the C library's or of the caller's allocator. */
static void check_add_failing(struct mirror *mirror, long *fail_at, const long *calls, const long *live)
{
    long failures = 0;
    for (descend_status status = DESCEND_NO_MEMORY; status != DESCEND_OK; failures++) {
        const long live_before = *live;
        *fail_at = *calls + failures + 1;
        const long calls_before = *calls;
        status = add(mirror);
        if (status == DESCEND_OK)
            break;
        assert_int_equal(status, DESCEND_NO_MEMORY);
        assert_true(*calls > calls_before);
        assert_int_equal(*live, live_before);
        assert_int_equal(descend_optimizer_tensor_count(mirror->optimizer), 0);
        assert_int_equal(descend_optimizer_find(mirror->optimizer, mirror->twin[3].name), 0);
        for (size_t i = 0; i < TENSORS; i++)
            assert_same_arrays(&parameters_and_gradients, &mirror->twin[i].given, &mirror->twin[i].plain, "add");
    }
    *fail_at = 0;
    assert_true(failures > 0);
}

/* The same for a config that uses all states. */
static void check_configure_failing(struct mirror *mirror, const struct configuration *fullest, long *fail_at,
                                    const long *calls, const long *live)
{
    long failures = 0;
    for (descend_status status = DESCEND_NO_MEMORY; status != DESCEND_OK; failures++) {
        const long live_before = *live;
        struct configuration found = *fullest;
        *fail_at = *calls + failures + 1;
        heap.on = true;
        status = descend_optimizer_configure(mirror->optimizer, 0, &fullest->config);
        heap.on = false;
        if (status == DESCEND_OK)
            break;
        assert_int_equal(status, DESCEND_NO_MEMORY);
        assert_int_equal(*live, live_before);
        assert_int_equal(descend_optimizer_config(mirror->optimizer, 0, &found.config), DESCEND_OK);
        assert_config_equal(&found.config, &mirror->group[0].config);
        mirror_step(mirror, NULL, NULL);
        assert_mirrored(mirror, "allocation %ld of configure failed", failures + 1);
    }
    *fail_at = 0;
    assert_true(failures > 0 || mirror->group[0].used == fullest->used);
    mirror_configure(mirror, 0, fullest);
}

static void check_failing(const struct configuration *first, const struct configuration *fullest, bool own_allocator)
{
    memset(&account, 0, sizeof account);
    memset(&heap, 0, sizeof heap);
    heap.on = true;
    struct mirror mirror = mirror_new(first);
    heap.on = false;
    long *const fail_at = own_allocator ? &account.fail_at : &heap.fail_at;
    const long *const calls = own_allocator ? &account.calls : &heap.calls;
    const long *const live = own_allocator ? &account.live : &heap.live;
    if (own_allocator)
        assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &accounting), DESCEND_OK);
    append_tensors(&mirror);
    check_add_failing(&mirror, fail_at, calls, live);
    mirror_step(&mirror, NULL, NULL);
    check_configure_failing(&mirror, fullest, fail_at, calls, live);
    for (int i = 0; i < 2; i++)
        mirror_step(&mirror, NULL, NULL);
    assert_mirrored(&mirror, "after failed allocations");
    heap.on = true;
    descend_optimizer_destroy(mirror.optimizer);
    heap.on = false;
    assert_int_equal(heap.live, 0);
    assert_int_equal(account.live, 0);
    mirror.optimizer = NULL;
    mirror_free(&mirror);
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
    memset(&heap, 0, sizeof heap);
    heap.on = true;
    for (heap.fail_at = 1; descend_optimizer_create(&optimizer, &configuration->config) != DESCEND_OK;
         heap.fail_at++, heap.calls = 0) {
        assert_int_equal(heap.live, 0);
        assert_ptr_equal(optimizer, untouched);
    }
    assert_true(heap.fail_at > 1);
    for (unsigned made = 1, failed = 0; made < 40; heap.calls = 0) {
        unsigned group = 77;
        const long live = heap.live;
        heap.fail_at = failed + 1;
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
    assert_int_equal(heap.live, 0);
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
    memset(&account, 0, sizeof account);
    memset(&heap, 0, sizeof heap);
    struct mirror mirror = mirror_new(configuration);
    assert_int_equal(descend_optimizer_set_allocator(mirror.optimizer, &accounting), DESCEND_OK);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    const long calls = account.calls, live = account.live;
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
    assert_true(heap.calls == 0 && heap.live == 0 && account.calls == calls && account.live == live);
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
    memset(&account, 0, sizeof account);
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
 * a page as the arrays that a step reads beside it. */
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
    }
    mirror_free(&mirror);
}

static void places_of_states(void **state)
{
    (void)state;
    for_each_structure(check_places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_that_fail),  cmocka_unit_test(objects_and_groups_that_fail),
        cmocka_unit_test(steps_allocate_nothing), cmocka_unit_test(allocators),
        cmocka_unit_test(places_of_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
