/*
 * What saving and loading take from the system, and what they do without: loading allocates no more than the file's
 * size, and every allocation, read or write that fails in turn leaks and changes nothing. The C library's functions
 * are wrapped by the linker (tests/CMakeLists.txt) in the libraries' own objects, which this program is built of.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "checkpoint/equal.h"
#include "checkpoint/scene.h"
#include "test.h"

/* Allocations while `on`: how many, of how many bytes in all, and which is to fail. Blocks not freed, at any time. */
static struct {
    bool on;
    long calls, fail_at, live;
    size_t bytes;
} heap;

/* Reads and writes while `on`: what happens to them, from 1; INTERRUPTED and LITTLE to every one. */
enum event { NOTHING, FAILS, ENDS, INTERRUPTED, LITTLE };
static struct {
    bool on;
    enum event event;
    long calls, at;
} files;

static bool fails(size_t size)
{
    heap.bytes += heap.on ? size : 0;
    return heap.on && ++heap.calls == heap.fail_at;
}

static void *counted(void *memory)
{
    heap.live += memory != NULL;
    return memory;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
int __wrap_posix_memalign(void **memory, size_t alignment, size_t size);
void __wrap_free(void *memory);

void *__wrap_malloc(size_t size)
{
    return fails(size) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(count * size) ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *memory, size_t size)
{
    if (fails(size))
        return NULL;
    heap.live -= memory != NULL;
    return counted(__real_realloc(memory, size));
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size)
{
    if (fails(size))
        return ENOMEM;
    const int error = __real_posix_memalign(memory, alignment, size);
    heap.live += error == 0;
    return error;
}

void __wrap_free(void *memory)
{
    heap.live -= memory != NULL;
    __real_free(memory);
}

/* Whether a read or write is to return at once, with *result; *size is how much it may do otherwise. */
static bool strikes(size_t *size, ssize_t *result)
{
    if (!files.on)
        return false;
    files.calls++;
    const bool now = files.calls == files.at || (files.event == INTERRUPTED && files.calls % 2 == 1);
    if (files.event == LITTLE && *size > 1)
        *size = 1 + (size_t)files.calls * 31 % (*size - 1);
    errno = files.event == INTERRUPTED ? EINTR : EIO;
    *result = files.event == ENDS ? 0 : -1;
    return now && files.event != LITTLE;
}

ssize_t __real_pread(int file, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset)
{
    ssize_t result;
    return strikes(&size, &result) ? result : __real_pread(file, data, size, offset);
}

ssize_t __real_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset)
{
    ssize_t result;
    return strikes(&size, &result) ? result : __real_pwrite(file, data, size, offset);
}

static void watch(long fail_at, enum event event, long at)
{
    heap.calls = 0, heap.bytes = 0, heap.fail_at = fail_at;
    files.calls = 0, files.event = event, files.at = at;
    heap.on = files.on = true;
}

static void unwatch(void)
{
    heap.on = files.on = false;
}

/* Memory for what the object keeps, counted apart. */
static struct {
    size_t bytes;
    long live;
} kept;

static void *keep(void *context, size_t size, size_t alignment)
{
    (void)context;
    void *memory;
    kept.bytes += size;
    kept.live++;
    return __real_posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void give_back(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    kept.live--;
    __real_free(memory);
}

static const descend_allocator keeping = {keep, give_back, NULL};

/* Loads from one mirror's file into the other, which has all its states or none, and counts. */
static void check_loading(const struct mirror *from, const struct mirror *to, const descend_checkpoint *with,
                          bool has_states)
{
    size_t states = has_states ? 0 : 64; /* in one block with a header */
    states += 64 + from->count * 64 + descend_optimizer_group_count(from->optimizer) * 512; /* during the call */
    assert_int_equal(descend_optimizer_save(from->optimizer, FILE_PATH, with), DESCEND_OK);
    const struct bytes file = read_bytes(FILE_PATH);
    free(file.data);
    kept.bytes = 0;
    const long live = heap.live;
    watch(0, NOTHING, 0);
    const descend_status status = descend_optimizer_load(to->optimizer, FILE_PATH, with);
    unwatch();
    assert_int_equal(status, DESCEND_OK);
    assert_int_equal(heap.live, live);
    if (with->params)
        assert_equal_optimizers(from->optimizer, to->optimizer, "%zu tensors", from->count);
    if (heap.bytes > file.size)
        fail_msg("%s: a file of %zu bytes takes %zu", from->group[0].label, file.size, heap.bytes);
    for (size_t i = 0; i < from->count && !has_states; i++)
        for (unsigned k = 0; k < from->group[0].states; k++) /* with their places in a page */
            states += from->twin[i].shape.n * sizeof(float) + 4096 + 64;
    if (kept.bytes > states)
        fail_msg("%s: %zu bytes more for states, not %zu", from->group[0].label, kept.bytes, states);
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
        check_loading(&from, &to, &with, !initialised);
        check_loading(&from, &to, &with, true);
        mirror_free(&from);
        mirror_free(&to);
    }
    assert_int_equal(kept.live, 0);
}

static void no_more_than_the_file(void **state)
{
    (void)state;
    for_each_fullest(check_sizes);
}

/* A scene of which nothing is left in the end. */
static void with_scene(const struct configuration *configuration, void (*check)(struct scene *scene))
{
    const long live = heap.live;
    const size_t descriptors = open_descriptors();
    struct scene scene;
    scene_make(&scene, configuration);
    check(&scene);
    scene_free(&scene);
    assert_int_equal(heap.live, live);
    assert_int_equal(open_descriptors(), descriptors);
}

static descend_status load(struct scene *scene)
{
    const descend_status status = descend_optimizer_load(scene->mirror.optimizer, FILE_PATH, &scene->with);
    const int error = errno;
    unwatch();
    errno = error;
    return status;
}

/* Saves another optimizer's over it. */
static descend_status save(struct scene *scene)
{
    const descend_status status = descend_optimizer_save(scene->mirror.optimizer, FILE_PATH, &scene->with);
    const int error = errno;
    unwatch();
    errno = error;
    return status;
}

/* And is the only one there. */
static void assert_old_file(const struct scene *scene)
{
    const struct bytes now = read_bytes(FILE_PATH);
    assert_int_equal(now.size, scene->good.size);
    assert_memory_equal(now.data, scene->good.data, now.size);
    free(now.data);
    assert_entries(1);
}

static void check_load_allocations(struct scene *scene)
{
    for (long at = 1;; at++) {
        watch(at, NOTHING, 0);
        const descend_status status = load(scene);
        if (heap.calls < at) {
            assert_int_equal(status, DESCEND_OK);
            assert_true(at > 1);
            break;
        }
        assert_int_equal(status, DESCEND_NO_MEMORY);
        assert_unchanged(scene, "an allocation of load failed");
    }
    assert_loaded(scene, "after failed allocations");
}

static void check_save_allocations(struct scene *scene)
{
    for (long at = 1;; at++) {
        watch(at, NOTHING, 0);
        const descend_status status = save(scene);
        if (heap.calls < at) {
            assert_int_equal(status, DESCEND_OK);
            assert_true(at > 1);
            break;
        }
        assert_int_equal(status, DESCEND_NO_MEMORY);
        assert_old_file(scene);
    }
    assert_int_equal(descend_optimizer_load(scene->saved.optimizer, FILE_PATH, &scene->with), DESCEND_OK);
    assert_equal_optimizers(scene->saved.optimizer, scene->untouched.optimizer, "after failed allocations");
}

static void check_reads(struct scene *scene, enum event event)
{
    for (long at = 1;; at++) {
        watch(0, event, at);
        const descend_status status = load(scene);
        if (files.calls < at) {
            assert_int_equal(status, DESCEND_OK);
            assert_true(at > 1);
            break;
        }
        assert_int_equal(errno, EIO);
        assert_int_equal(status, DESCEND_FILE_READ);
        assert_unchanged(scene, "a read failed");
    }
    assert_loaded(scene, "after failed reads");
}

static void check_failing_reads(struct scene *scene)
{
    check_reads(scene, FAILS);
}

/* As if the file had become shorter. */
static void check_ending_reads(struct scene *scene)
{
    check_reads(scene, ENDS);
}

static void check_interrupted_reads(struct scene *scene)
{
    for (enum event event = INTERRUPTED; event <= LITTLE; event++) {
        watch(0, event, 0);
        assert_int_equal(load(scene), DESCEND_OK);
        assert_loaded(scene, "little by little");
    }
}

static void check_save_writes(struct scene *scene)
{
    for (long at = 1;; at++) {
        watch(0, FAILS, at);
        const descend_status status = save(scene);
        if (files.calls < at) {
            assert_int_equal(status, DESCEND_OK);
            assert_true(at > 1);
            break;
        }
        assert_int_equal(errno, EIO);
        assert_int_equal(status, DESCEND_FILE_WRITE);
        assert_old_file(scene);
    }
    for (enum event event = INTERRUPTED; event <= LITTLE; event++) {
        watch(0, event, 0);
        assert_int_equal(save(scene), DESCEND_OK);
    }
    assert_int_equal(descend_optimizer_load(scene->saved.optimizer, FILE_PATH, &scene->with), DESCEND_OK);
    assert_equal_optimizers(scene->saved.optimizer, scene->untouched.optimizer, "after failed writes");
}

static void check_faults(const struct configuration *configuration)
{
    with_scene(configuration, check_load_allocations);
    with_scene(configuration, check_save_allocations);
    with_scene(configuration, check_failing_reads);
    with_scene(configuration, check_ending_reads);
    with_scene(configuration, check_interrupted_reads);
    with_scene(configuration, check_save_writes);
}

static void every_fault_in_turn(void **state)
{
    (void)state;
    for_each_fullest(check_faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_than_the_file),
        cmocka_unit_test(every_fault_in_turn),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
