/* SPDX-License-Identifier: MIT */
/* Processes, here threads, that load the shards of an optimizer from one file together: each reads some parts, and all
 * know whether the file is sound and whether another one has failed. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "checkpoint/shards.h"
#include "load.h"
#include "test.h"

enum { BEFORE = 3, AFTER = 6 }; /* steps before saving, and in all */

static const descend_checkpoint with_params = {.params = true}, without;

static atomic_ullong bytes_read;
static _Thread_local unsigned failing_read; /* the number of calls until one fails; 0: none does */

ssize_t __real_pread(int file, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset)
{
    if (failing_read > 0 && --failing_read == 0) {
        errno = EIO;
        return -1;
    }
    const ssize_t done = __real_pread(file, data, size, offset);
    atomic_fetch_add(&bytes_read, done > 0 ? (unsigned long long)done : 0);
    return done;
}

/* Where they wait for each other. */
struct meeting {
    pthread_barrier_t barrier;
    pthread_mutex_t mutex;
    uint32_t checksum;
    bool has_failed;
};

/* One of them. */
struct process {
    struct meeting *meeting;
    descend_optimizer *optimizer;
    const char *path;
    descend_checkpoint with;
    struct descend_shared_load shared;
    unsigned failing_read;
    unsigned meetings;     /* how often it was there */
    descend_status status; /* of its call */
    int error;
};

static const descend_status peer_failed = DESCEND_BAD_SLICE; /* which loading itself does not return */

static descend_status meet(void *context, descend_status status, const struct descend_counted *counted)
{
    struct process *process = context;
    struct meeting *meeting = process->meeting;
    process->meetings++;
    pthread_mutex_lock(&meeting->mutex);
    meeting->has_failed |= status != DESCEND_OK || counted == NULL;
    meeting->checksum ^= counted ? counted->checksum : 0;
    pthread_mutex_unlock(&meeting->mutex);
    pthread_barrier_wait(&meeting->barrier);
    errno = 0;
    if (counted == NULL)
        return DESCEND_OK; /* not looked at: it has failed */
    if (meeting->has_failed)
        return peer_failed;
    return counted->has_checksum && counted->expected != meeting->checksum ? DESCEND_BAD_FILE_CHECKSUM : DESCEND_OK;
}

static void *load_shard(void *argument)
{
    struct process *process = argument;
    failing_read = process->failing_read;
    process->status = descend_checkpoint_load(process->optimizer, process->path, &process->with, &process->shared);
    process->error = errno;
    return NULL;
}

/* Processes that load FILE_PATH into the shards; the last is the first. */
static void processes_make(struct process *process, struct meeting *meeting, const struct shards *shards, bool params)
{
    *meeting = (struct meeting){.checksum = 0};
    assert_int_equal(pthread_barrier_init(&meeting->barrier, NULL, shards->count), 0);
    assert_int_equal(pthread_mutex_init(&meeting->mutex, NULL), 0);
    for (unsigned i = 0; i < shards->count; i++)
        process[i] = (struct process){.meeting = meeting,
                                      .optimizer = shards->shard[i].optimizer,
                                      .path = FILE_PATH,
                                      .with.params = params,
                                      .shared = {i == shards->count - 1, meet, &process[i]}};
}

/* Each comes to the meeting once. */
static void load_together(struct process *process, struct meeting *meeting, unsigned count)
{
    pthread_t thread[SHARDS_MAX];
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, load_shard, &process[i]), 0);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(process[i].meetings, 1);
    pthread_barrier_destroy(&meeting->barrier);
    pthread_mutex_destroy(&meeting->mutex);
}

static void assert_loaded_together(const struct shards *shards, bool params, descend_status status)
{
    struct meeting meeting;
    struct process process[SHARDS_MAX];
    processes_make(process, &meeting, shards, params);
    load_together(process, &meeting, shards->count);
    for (unsigned i = 0; i < shards->count; i++)
        assert_int_equal(process[i].status, status);
}

/* Only the header, and scalar states, are read by more than one process. */
static void check_sharing(struct shards *shards, const char *what)
{
    step_whole(shards, 0, BEFORE);
    const struct bytes good = saved_by_whole(shards, &with_params);
    atomic_store(&bytes_read, 0);
    assert_loaded_together(shards, true, DESCEND_OK);
    const size_t scalars = (size_t)SHARD_TENSORS * (shards->count - 1) * sizeof(float);
    const size_t expected = good.size + (shards->count - 1) * data_at(good);
    assert_in_range(atomic_load(&bytes_read), expected, expected + scalars);
    assert_pieces(shards, what);
    step_whole(shards, BEFORE, AFTER);
    step_shards(shards, BEFORE, AFTER);
    assert_pieces(shards, what);
    free(good.data);
}

static void each_reads_its_parts(void **state)
{
    (void)state;
    shards_for_each_cut(check_sharing);
}

/* The first process then reads the parameters. */
static void check_sharing_states(struct shards *shards, const char *what)
{
    (void)what;
    free(saved_by_whole(shards, &with_params).data);
    assert_loaded_together(shards, true, DESCEND_OK);
    step_whole(shards, 0, 1);
    step_shards(shards, 0, 1);
    step_whole(shards, 1, BEFORE);
    const struct bytes good = saved_by_whole(shards, &with_params);
    assert_loaded_together(shards, false, DESCEND_OK);
    const struct bytes states = saved_by_whole(shards, NULL), together = written_together(shards, &without);
    assert_same_file(states, together);
    free(good.data);
    free(states.data);
    free(together.data);
}

static void parameters_may_be_left(void **state)
{
    (void)state;
    shards_for_each_cut(check_sharing_states);
}

static void check_shared_damage(struct shards *shards, const char *what)
{
    step_whole(shards, 0, BEFORE);
    const struct bytes good = saved_by_whole(shards, &with_params);
    for (size_t damage = 0; damage < DAMAGES; damage++) {
        write_damaged(good, damage);
        assert_loaded_together(shards, true, DESCEND_BAD_FILE_CHECKSUM);
        assert_loaded_together(shards, false, DESCEND_BAD_FILE_CHECKSUM);
    }
    unsigned char *const version = (unsigned char *)strstr((char *)good.data + 8, "descend.version\":\"");
    assert_non_null(version);
    version[strlen("descend.version\":\"")] ^= 4;
    write_bytes(FILE_PATH, good);
    assert_loaded_together(shards, true, DESCEND_BAD_FILE_CHECKSUM);
    assert_as_made(shards, what);
    free(good.data);
}

static void damage_in_others_parts_is_noticed(void **state)
{
    (void)state;
    shards_for_each_cut(check_shared_damage);
}

static void spoil_path(struct process *process)
{
    process->path = "nowhere";
}

static void spoil_path_entirely(struct process *process)
{
    process->path = NULL;
}

static void spoil_optimizer(struct process *process)
{
    process->optimizer = NULL;
}

static void spoil_notes(struct process *process)
{
    static const descend_note note = {"seed", "8"};
    process->with.notes = &note;
    process->with.note_count = 1;
}

static const struct {
    void (*spoil)(struct process *process);
    descend_status status;
    int error;
} failures[] = {
    {spoil_path, DESCEND_FILE_OPEN, ENOENT},
    {spoil_path_entirely, DESCEND_BAD_PATH, 0},
    {spoil_optimizer, DESCEND_NULL_OPTIMIZER, 0},
    {spoil_notes, DESCEND_BAD_FILE_NOTE, 0},
};

static void check_failures(struct shards *shards, const char *what)
{
    struct meeting meeting;
    struct process process[SHARDS_MAX];
    step_whole(shards, 0, BEFORE);
    free(saved_by_whole(shards, &with_params).data);
    for (size_t i = 0; i < COUNT(failures); i++)
        for (unsigned failing = 0; failing < shards->count; failing++) {
            processes_make(process, &meeting, shards, true);
            failures[i].spoil(&process[failing]);
            load_together(process, &meeting, shards->count);
            for (unsigned p = 0; p < shards->count; p++)
                assert_int_equal(process[p].status, p == failing ? failures[i].status : peer_failed);
            if (failures[i].error != 0)
                assert_int_equal(process[failing].error, failures[i].error);
        }
    assert_as_made(shards, what);
}

static void one_failure_is_known_to_all(void **state)
{
    (void)state;
    shards_for_each_cut(check_failures);
}

/* Parameters are not asked for: the first process reads them, too. */
static void check_reads(unsigned failing)
{
    struct shards shards;
    struct meeting meeting;
    struct process process[SHARDS_MAX];
    unsigned read = 0;
    shards_make(&shards, &shard_layouts[2], 3);
    step_whole(&shards, 0, BEFORE);
    free(saved_by_whole(&shards, &with_params).data);
    do {
        processes_make(process, &meeting, &shards, false);
        process[failing].failing_read = ++read;
        load_together(process, &meeting, 3);
        if (process[failing].status == DESCEND_FILE_READ) {
            assert_int_equal(process[failing].error, EIO);
            assert_int_equal(process[(failing + 1) % 3].status, peer_failed);
            assert_int_equal(process[(failing + 2) % 3].status, peer_failed);
            assert_as_made(&shards, "after a failing read");
        }
    } while (process[failing].status == DESCEND_FILE_READ);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(process[i].status, DESCEND_OK);
    assert_in_range(read, 4, 100);
    shards_free(&shards);
}

static void each_read_fails_in_turn(void **state)
{
    (void)state;
    for (unsigned failing = 0; failing < 3; failing++)
        check_reads(failing);
}

static void a_file_without_checksum(void **state)
{
    (void)state;
    struct shards shards;
    shards_make(&shards, &shard_layouts[1], SHARDS_MAX);
    step_whole(&shards, 0, BEFORE);
    const struct bytes good = saved_by_whole(&shards, &with_params);
    write_edited(good, "{", "{");
    assert_loaded_together(&shards, true, DESCEND_OK);
    assert_pieces(&shards, "without a checksum");
    free(good.data);
    shards_free(&shards);
}

/* Each process wants whole tensors. */
static void a_file_of_one_shard(void **state)
{
    (void)state;
    struct shards shards;
    shards_make(&shards, &shard_layouts[2], 2);
    step_shards(&shards, 0, BEFORE);
    assert_int_equal(descend_optimizer_save(shards.shard[0].optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_loaded_together(&shards, true, DESCEND_BAD_FILE_TENSOR_SHAPE);
    shards_free(&shards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reads_its_parts),
        cmocka_unit_test(parameters_may_be_left),
        cmocka_unit_test(damage_in_others_parts_is_noticed),
        cmocka_unit_test(one_failure_is_known_to_all),
        cmocka_unit_test(each_read_fails_in_turn),
        cmocka_unit_test(a_file_without_checksum),
        cmocka_unit_test(a_file_of_one_shard),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
