/* SPDX-License-Identifier: MIT */
/* What saving and loading do where the system fails: every allocation, read or write that fails in turn leaks and
 * changes nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "checkpoint/equal.h"
#include "checkpoint/scene.h"
#include "heap.h"
#include "test.h"

/* Reads and writes while `on`: what happens to them, from 1; INTERRUPTED and LITTLE to every one. CHANGES: before a
 * read, the file becomes another. */
enum event { NOTHING, FAILS, ENDS, INTERRUPTED, LITTLE, CHANGES };
static struct {
    bool on;
    enum event event;
    long calls, at;
    struct bytes other;
} files;

/* Whether a read or write is to return at once, with *result; *size is how much it may do otherwise. */
static bool strikes(size_t *size, ssize_t *result)
{
    if (!files.on)
        return false;
    files.calls++;
    const bool now = files.calls == files.at || (files.event == INTERRUPTED && files.calls % 2 == 1);
    if (now && files.event == CHANGES) {
        files.on = false;
        write_bytes(FILE_PATH, files.other);
        files.on = true;
    }
    if (files.event == LITTLE && *size > 1)
        *size = 1 + (size_t)files.calls * 31 % (*size - 1);
    errno = files.event == INTERRUPTED ? EINTR : EIO;
    *result = files.event == ENDS ? 0 : -1;
    return now && files.event != LITTLE && files.event != CHANGES;
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
    heap_watch(fail_at);
    files.calls = 0, files.event = event, files.at = at;
    files.on = true;
}

static void unwatch(void)
{
    heap.on = files.on = false;
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

/* What is not loaded is read, too: for the checksum. */
static void check_failing_reads_without_params(struct scene *scene)
{
    const descend_checkpoint states_only = {0};
    for (long at = 1;; at++) {
        watch(0, FAILS, at);
        const descend_status status = descend_optimizer_load(scene->mirror.optimizer, FILE_PATH, &states_only);
        unwatch();
        if (files.calls < at) {
            assert_int_equal(status, DESCEND_OK);
            break;
        }
        assert_int_equal(status, DESCEND_FILE_READ);
        assert_unchanged(scene, "a read failed");
    }
}

/* As if the file had become shorter. */
static void check_ending_reads(struct scene *scene)
{
    check_reads(scene, ENDS);
}

/* In place, as cp does it. What is loaded is what was checked: here, nothing. */
static void check_changing_files(struct scene *scene)
{
    files.other = (struct bytes){malloc(scene->good.size), scene->good.size};
    assert_non_null(files.other.data);
    memcpy(files.other.data, scene->good.data, scene->good.size);
    for (size_t i = data_at(files.other); i < files.other.size; i++)
        files.other.data[i] ^= 1;
    for (long at = 1;; at++) {
        watch(0, CHANGES, at);
        const descend_status status = load(scene);
        if (files.calls < at) {
            assert_int_equal(status, DESCEND_OK);
            break;
        }
        assert_int_equal(status, DESCEND_BAD_FILE_CHECKSUM);
        assert_unchanged(scene, "the file changed");
        write_bytes(FILE_PATH, scene->good);
    }
    assert_loaded(scene, "after files that changed");
    free(files.other.data);
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
    with_scene(configuration, check_failing_reads_without_params);
    with_scene(configuration, check_ending_reads);
    with_scene(configuration, check_changing_files);
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
        cmocka_unit_test(every_fault_in_turn),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
