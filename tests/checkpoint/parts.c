/* SPDX-License-Identifier: MIT */
/* The shards of an optimizer and the file that the optimizer would save: together they write it, and each can be loaded
 * from it. */
#include <stdlib.h>

#include "checkpoint/shards.h"
#include "test.h"

enum { BEFORE = 3, AFTER = 6 }; /* steps before saving, and in all */

static const descend_checkpoint with_params = {.params = true}, without;

static void check_one_file(struct shards *shards, const char *what)
{
    const descend_note note = {"seed", "7"};
    descend_scaler scaler = {1024, 2, 0.5, 100, 7};
    const descend_checkpoint all = {.params = true, .scaler = &scaler, .notes = &note, .note_count = 1};
    const descend_checkpoint *const with[] = {&with_params, &without, &all};
    free(saved_by_whole(shards, &with_params).data);
    for (unsigned i = 0; i < shards->count; i++)
        assert_int_equal(descend_optimizer_load(shards->shard[i].optimizer, FILE_PATH, &with_params), DESCEND_OK);
    for (unsigned number = 0; number < BEFORE; number++) {
        for (size_t i = 0; i < COUNT(with); i++) {
            const struct bytes whole = saved_by_whole(shards, with[i]), together = written_together(shards, with[i]);
            assert_same_file(whole, together);
            free(whole.data);
            free(together.data);
        }
        step_whole(shards, number, number + 1);
        step_shards(shards, number, number + 1);
        assert_pieces(shards, what);
    }
}

static void together_they_write_the_file(void **state)
{
    (void)state;
    shards_for_each_cut(check_one_file);
}

static void check_resuming(struct shards *shards, const char *what)
{
    step_whole(shards, 0, BEFORE);
    free(saved_by_whole(shards, &with_params).data);
    for (unsigned i = 0; i < shards->count; i++)
        assert_int_equal(descend_optimizer_load(shards->shard[i].optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_pieces(shards, what);
    step_whole(shards, BEFORE, AFTER);
    step_shards(shards, BEFORE, AFTER);
    assert_pieces(shards, what);
}

static void each_goes_on_as_the_whole(void **state)
{
    (void)state;
    shards_for_each_cut(check_resuming);
}

static void check_damage(struct shards *shards, const char *what)
{
    step_whole(shards, 0, BEFORE);
    const struct bytes good = saved_by_whole(shards, &with_params);
    for (size_t damage = 0; damage < DAMAGES; damage++) {
        write_damaged(good, damage);
        for (unsigned i = 0; i < shards->count; i++) {
            descend_optimizer *optimizer = shards->shard[i].optimizer;
            assert_int_equal(descend_optimizer_load(optimizer, FILE_PATH, &with_params), DESCEND_BAD_FILE_CHECKSUM);
            assert_int_equal(descend_optimizer_load(optimizer, FILE_PATH, NULL), DESCEND_BAD_FILE_CHECKSUM);
        }
    }
    assert_as_made(shards, what);
    free(good.data);
}

static void damage_anywhere_is_noticed(void **state)
{
    (void)state;
    shards_for_each_cut(check_damage);
}

/* Which it also can be loaded from. */
static void a_file_of_one_shard(void **state)
{
    (void)state;
    struct shards shards;
    shards_make(&shards, &shard_layouts[2], 2);
    step_shards(&shards, 0, BEFORE);
    assert_int_equal(descend_optimizer_save(shards.shard[0].optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_int_equal(descend_optimizer_load(shards.shard[0].optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_int_equal(descend_optimizer_load(shards.shard[1].optimizer, FILE_PATH, &with_params),
                     DESCEND_BAD_FILE_TENSOR_SHAPE);
    shards_free(&shards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(together_they_write_the_file),
        cmocka_unit_test(each_goes_on_as_the_whole),
        cmocka_unit_test(damage_anywhere_is_noticed),
        cmocka_unit_test(a_file_of_one_shard),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
