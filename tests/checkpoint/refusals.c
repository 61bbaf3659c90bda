/* SPDX-License-Identifier: MIT */
/* Files that are no checkpoint of this optimizer are refused, each for its own reason, and nothing has changed: not the
 * optimizer, parameters or states, nor the scaler. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/scene.h"
#include "test.h"

/* Any DESCEND_BAD_FILE_… will do where the header leaves it open. */
enum { ANY_BAD_FILE = -1 };

static void assert_load_refused(struct scene *scene, const descend_checkpoint *with, int expected, const char *what)
{
    const descend_status status = descend_optimizer_load(scene->mirror.optimizer, FILE_PATH, with);
    const bool any = expected == ANY_BAD_FILE && status >= DESCEND_BAD_FILE_SHORT;
    if (!any && (int)status != expected)
        fail_msg("%s, %s: %d (%s), not %d", scene->mirror.group[0].label, what, (int)status,
                 descend_status_string(status), expected);
    assert_unchanged(scene, what);
}

struct edit {
    const char *text, *replacement;
    int status;
};

static const struct edit edits[] = {
    {"\"descend.numerics\":\"2\"", "\"descend.numerics\":\"3\"", DESCEND_BAD_FILE_NUMERICS},
    {"\"descend.numerics\":\"2\"", "\"descend.numerics\":\"0\"", DESCEND_BAD_FILE_NUMERICS},
    {"\"descend.numerics\":\"2\"", "\"descend.numerics\":\"\"", DESCEND_BAD_FILE_NUMERICS},
    {"\"descend.numerics\":\"2\"", "\"descend.numerics\":\"4294967298\"", DESCEND_BAD_FILE_NUMERICS},
    {"\"descend.numerics\"", "\"descend.numeric\"", DESCEND_BAD_FILE_NUMERICS},

    {"\"optimizer\":\"", "\"optimizer\":\"x", DESCEND_BAD_FILE_OPTIMIZER},
    {"\"optimizer\":\"", "\"optimizer\":\"\",\"x\":\"", DESCEND_BAD_FILE_OPTIMIZER},
    {"\"optimizer\"", "\"optimize\"", DESCEND_BAD_FILE_OPTIMIZER},

    {"\"groups\":\"2\"", "\"groups\":\"1\"", DESCEND_BAD_FILE_GROUPS},
    {"\"groups\":\"2\"", "\"groups\":\"3\"", DESCEND_BAD_FILE_GROUPS},
    {"\"groups\":\"2\"", "\"groups\":\"4294967298\"", DESCEND_BAD_FILE_GROUPS},
    {"\"groups\"", "\"group\"", DESCEND_BAD_FILE_GROUPS},
    {"\"group_of.tensor.0\":\"0\"", "\"group_of.tensor.0\":\"1\"", DESCEND_BAD_FILE_GROUPS},
    {"\"group_of.tensor.1\":\"1\"", "\"group_of.tensor.1\":\"0\"", DESCEND_BAD_FILE_GROUPS},
    {"\"group_of.tensor.2\":\"0\"", "\"group_of.tensor.2\":\"2\"", DESCEND_BAD_FILE_GROUPS},
    {"\"group_of.tensor.3\":\"1\"", "\"group_of.tensor.3\":\"4294967297\"", DESCEND_BAD_FILE_GROUPS},
    {"\"group_of.tensor.4\":\"0\"", "\"group_of.tensor.4\":\"\"", DESCEND_BAD_FILE_GROUPS},
    {"\"group_of.tensor.5\"", "\"group_of.tensor.6\"", ANY_BAD_FILE},

    {"\"group.0.lr\"", "\"group.0.\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.lr\"", "\"group.2.lr\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.0.maximize\"", "\"group.0.minimize\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.lr\":\"", "\"group.1.lr\":\"\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.lr\":\"", "\"group.1.lr\":\" ", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.lr\":\"", "\"group.1.lr\":\"0.1\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.lr\":\"", "\"group.1.lr\":\"nan\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.lr\":\"", "\"group.1.lr\":\"inf\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.lr\":\"", "\"group.1.lr\":\"-0x1p+0\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.0.lr\":\"", "\"group.0.lr\":\"0x1p+128\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.lr\":\"", "\"group.1.lr\":\"-0x0.0000000000001p-1022\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.0.maximize\":\"", "\"group.0.maximize\":\"1\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.maximize\":\"", "\"group.1.maximize\":\"\",\"x\":\"", DESCEND_BAD_FILE_METADATA},
    {"\"group.1.maximize\":\"", "\"group.1.maximize\":\"True\",\"x\":\"", DESCEND_BAD_FILE_METADATA},

    {"\"scaler.scale\"", "\"scaler.scales\"", DESCEND_BAD_FILE_METADATA},
    {"\"scaler.growth_tracker\"", "\"growth_tracker\"", DESCEND_BAD_FILE_METADATA},
    {"\"scaler.scale\":\"0x1p+10\"", "\"scaler.scale\":\"0x0p+0\"", DESCEND_BAD_FILE_METADATA},
    {"\"scaler.scale\":\"0x1p+10\"", "\"scaler.scale\":\"nan\"", DESCEND_BAD_FILE_METADATA},
    {"\"scaler.scale\":\"0x1p+10\"", "\"scaler.scale\":\"0x1.00000000001p+10\"", DESCEND_BAD_FILE_METADATA},
    {"\"scaler.growth_factor\":\"0x1p+1\"", "\"scaler.growth_factor\":\"0x1p+0\"", DESCEND_BAD_FILE_METADATA},
    {"\"scaler.backoff_factor\":\"0x1p-1\"", "\"scaler.backoff_factor\":\"0x1p+0\"", DESCEND_BAD_FILE_METADATA},
    {"\"scaler.growth_interval\":\"100\"", "\"scaler.growth_interval\":\"7\"", DESCEND_BAD_FILE_METADATA},
    {"\"scaler.growth_tracker\":\"7\"", "\"scaler.growth_tracker\":\"-7\"", DESCEND_BAD_FILE_METADATA},

    {"\"note.seed\"", "\"note.seeds\"", DESCEND_BAD_FILE_NOTE},
    {"\"note.seed\":\"1234\"", "\"note.seed\":\"1235\"", DESCEND_BAD_FILE_NOTE},
    {"\"note.seed\":\"1234\"", "\"note.seed\":\"123\"", DESCEND_BAD_FILE_NOTE},
    {"\"note.seed\":\"1234\"", "\"note.seed\":\"12345\"", DESCEND_BAD_FILE_NOTE},
    {"\"note.seed\":\"1234\"", "\"note.seed\":\"\"", DESCEND_BAD_FILE_NOTE},
    {"\"note.seed\":\"1234\"", "\"note.seed\":\"1234\\u0000\"", DESCEND_BAD_FILE_NOTE},

    {"\"seed\":\"0\"", "\"seed\":\"\"", DESCEND_BAD_FILE_METADATA},
    {"\"seed\":\"0\"", "\"seeds\":\"0\"", DESCEND_BAD_FILE_METADATA},
    {"\"seed\":\"0\"", "\"seed\":\"0\",\"storage.tensor.0\":\"f32\"", DESCEND_BAD_FILE_TENSOR_DTYPE},

    {"\"step.tensor.0\"", "\"steps.tensor.0\"", DESCEND_BAD_FILE_MISSING},
    {"\"step.tensor.5\":\"5\"", "\"step.tensor.5\":\"9007199254740993\"", ANY_BAD_FILE},
    {"\"step.tensor.1\":\"5\"", "\"step.tensor.1\":\"18446744073709551621\"", ANY_BAD_FILE},
    {"\"step.tensor.2\":\"5\"", "\"step.tensor.2\":\"-5\"", ANY_BAD_FILE},
    {"\"step.tensor.3\":\"5\"", "\"step.tensor.3\":\"\"", ANY_BAD_FILE},
    {"\"step.tensor.4\":\"0\"", "\"step.tensor.4\":\"0\",\"step.tensor.6\":\"0\"", DESCEND_BAD_FILE_UNKNOWN},
    {"\"step.tensor.4\":\"0\"", "\"step.tensor.4\":\"0\",\"step.\":\"0\"", DESCEND_BAD_FILE_UNKNOWN},
    {"\"tensor.4\":{", "\"\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},\"tensor.4\":{",
     DESCEND_BAD_FILE_UNKNOWN},
    {"\"state.tensor.0.", "\"state.tensor.00.", DESCEND_BAD_FILE_UNKNOWN},
    {"\"state.tensor.3.", "\"state.tensor.3.x", DESCEND_BAD_FILE_UNKNOWN},
    {"\"state.tensor.0.", "\"State.tensor.0.", DESCEND_BAD_FILE_UNKNOWN},
    {"\"tensor.4\":{", "\"tensor.7\":{", ANY_BAD_FILE},

    {"\"dtype\":\"F32\",\"shape\":[12]", "\"dtype\":\"I32\",\"shape\":[12]", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"dtype\":\"F32\",\"shape\":[3]", "\"dtype\":\"BF16\",\"shape\":[6]", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"dtype\":\"F32\",\"shape\":[0]", "\"dtype\":\"F64\",\"shape\":[0]", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"shape\":[12]", "\"shape\":[4,3]", DESCEND_BAD_FILE_TENSOR_SHAPE},
    {"\"shape\":[33]", "\"shape\":[33,1]", DESCEND_BAD_FILE_TENSOR_SHAPE},
    {"\"shape\":[1]", "\"shape\":[]", DESCEND_BAD_FILE_TENSOR_SHAPE},
    {"\"shape\":[0]", "\"shape\":[0,2]", DESCEND_BAD_FILE_TENSOR_SHAPE},
};

static void check_edits(const struct configuration *configuration)
{
    struct scene scene;
    scene_make(&scene, configuration);
    for (size_t i = 0; i < COUNT(edits); i++) {
        char what[200];
        snprintf(what, sizeof what, "%s as %s", edits[i].text, edits[i].replacement);
        write_edited(scene.good, edits[i].text, edits[i].replacement);
        assert_load_refused(&scene, &scene.with, edits[i].status, what);
    }
    mirror_step(&scene.mirror, NULL, NULL);
    assert_mirrored(&scene.mirror, "after bad files");
    write_edited(scene.good, "{", "{"); /* without a checksum, else as it was */
    assert_int_equal(descend_optimizer_load(scene.mirror.optimizer, FILE_PATH, &scene.with), DESCEND_OK);
    assert_loaded(&scene, "after bad files");
    scene_free(&scene);
}

static void other_contents(void **state)
{
    (void)state;
    for_each_fullest(check_edits);
}

/* Writes the good file without the parameter of tensor 2, which has no elements. */
static void write_without_one_param(struct bytes good)
{
    char *json = header_of(good), *entry = strstr(json, "\"tensor.2\":{");
    assert_non_null(entry);
    char *end = strstr(entry, "},");
    assert_non_null(end);
    end[2] = '\0';
    write_edited(good, entry, "");
    free(json);
}

/* What is only refused if it is asked for, or if it is not. */
static void check_asking(const struct configuration *configuration)
{
    struct scene scene;
    scene_make(&scene, configuration);
    const descend_checkpoint nothing = {.params = false};
    const descend_note notes[] = {scene_note, {"batch size", "64"}};
    descend_checkpoint more_notes = scene.with;
    more_notes.notes = notes, more_notes.note_count = 2;
    assert_load_refused(&scene, &more_notes, DESCEND_BAD_FILE_NOTE, "a note that is not there");
    write_edited(scene.good, "\"tensor.4\":{", "\"tensor.7\":{");
    assert_load_refused(&scene, &nothing, DESCEND_BAD_FILE_UNKNOWN, "an unknown parameter");
    write_without_one_param(scene.good);
    assert_load_refused(&scene, &scene.with, DESCEND_BAD_FILE_MISSING, "one parameter too few");
    assert_int_equal(descend_optimizer_save(scene.saved.optimizer, FILE_PATH, NULL), DESCEND_OK);
    assert_load_refused(&scene, &(descend_checkpoint){.params = true}, DESCEND_BAD_FILE_MISSING, "no parameters");
    assert_load_refused(&scene, &(descend_checkpoint){.scaler = &scene.scaler}, DESCEND_BAD_FILE_METADATA, "no scaler");
    assert_load_refused(&scene, &(descend_checkpoint){.notes = notes, .note_count = 1}, DESCEND_BAD_FILE_NOTE,
                        "no notes");
    scene_free(&scene);
}

static void what_is_asked_for(void **state)
{
    (void)state;
    for_each_fullest(check_asking);
}

/* Saves an optimizer of these groups and tensors. */
static void save_shapes(const struct scene *scene, unsigned groups, const struct shape *shapes, size_t count)
{
    struct mirror other = mirror_new(&scene->saved.group[0]);
    while (other.groups < groups)
        mirror_group(&other, &scene->saved.group[0]);
    mirror_add(&other, shapes, count, ORDINARY, 1);
    mirror_step(&other, NULL, NULL);
    assert_int_equal(descend_optimizer_save(other.optimizer, FILE_PATH, &scene->with), DESCEND_OK);
    mirror_free(&other);
}

static void check_shapes(const struct configuration *configuration)
{
    struct scene scene;
    scene_make(&scene, configuration);
    struct shape shapes[SCENE_TENSORS + 1] = {[SCENE_TENSORS] = {.n = 0, .absent = true}};
    memcpy(shapes, scene_shapes, sizeof scene_shapes);
    save_shapes(&scene, SCENE_GROUPS - 1, NULL, 0);
    assert_load_refused(&scene, NULL, DESCEND_BAD_FILE_GROUPS, "a group too few");
    save_shapes(&scene, SCENE_GROUPS + 1, shapes, SCENE_TENSORS);
    assert_load_refused(&scene, NULL, DESCEND_BAD_FILE_GROUPS, "a group too many");
    save_shapes(&scene, SCENE_GROUPS, shapes, SCENE_TENSORS + 1);
    assert_load_refused(&scene, NULL, DESCEND_BAD_FILE_UNKNOWN, "a tensor too many, of no elements");
    save_shapes(&scene, SCENE_GROUPS, shapes, SCENE_TENSORS - 1);
    assert_load_refused(&scene, NULL, DESCEND_BAD_FILE_MISSING, "a tensor too few");
    for (size_t i = 0; i < SCENE_TENSORS; i++) {
        shapes[i].group = 1 - shapes[i].group;
        save_shapes(&scene, SCENE_GROUPS, shapes, SCENE_TENSORS);
        assert_load_refused(&scene, NULL, DESCEND_BAD_FILE_GROUPS, "a tensor in another group");
        shapes[i].group = 1 - shapes[i].group;
        shapes[i].n++;
        save_shapes(&scene, SCENE_GROUPS, shapes, SCENE_TENSORS);
        assert_load_refused(&scene, &(descend_checkpoint){.params = true}, DESCEND_BAD_FILE_TENSOR_SHAPE, "another n");
        shapes[i].n--;
    }
    scene_free(&scene);
}

static void other_groups_and_tensors(void **state)
{
    (void)state;
    for_each_fullest(check_shapes);
}

static void check_optimizers(const struct configuration *configuration)
{
    size_t count;
    const struct configuration *all = configurations(&count);
    struct scene scene;
    scene_make(&scene, configuration);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].optimizer, configuration->optimizer) == 0 ||
            (i > 0 && strcmp(all[i].optimizer, all[i - 1].optimizer) == 0))
            continue;
        struct mirror other = mirror_new(&all[i]);
        mirror_group(&other, &all[i]);
        mirror_add(&other, scene_shapes, SCENE_TENSORS, ORDINARY, 1);
        mirror_step(&other, NULL, NULL);
        assert_int_equal(descend_optimizer_save(other.optimizer, FILE_PATH, &scene.with), DESCEND_OK);
        assert_load_refused(&scene, &scene.with, DESCEND_BAD_FILE_OPTIMIZER, all[i].optimizer);
        mirror_free(&other);
    }
    scene_free(&scene);
}

static void other_optimizers(void **state)
{
    (void)state;
    for_each_fullest(check_optimizers);
}

/* The old file stays. */
static void assert_save_refused(struct scene *scene, const char *path, const descend_checkpoint *with,
                                descend_status expected)
{
    assert_int_equal(descend_optimizer_save(scene->mirror.optimizer, path, with), expected);
    const struct bytes now = read_bytes(FILE_PATH);
    assert_int_equal(now.size, scene->good.size);
    assert_memory_equal(now.data, scene->good.data, now.size);
    free(now.data);
    assert_entries(1);
}

/* Arguments that neither saving nor loading takes. */
static void assert_both_refuse(struct scene *scene, const char *path, const descend_checkpoint *with,
                               descend_status expected)
{
    assert_int_equal(descend_optimizer_load(scene->mirror.optimizer, path, with), expected);
    assert_unchanged(scene, "bad arguments");
    assert_save_refused(scene, path, with, expected);
}

static void check_arguments(const struct configuration *configuration)
{
    const descend_note without_key = {NULL, "1"}, without_value = {"seed", NULL};
    const descend_note last_bad[] = {scene_note, {NULL, NULL}};
    struct scene scene;
    scene_make(&scene, configuration);
    assert_both_refuse(&scene, NULL, NULL, DESCEND_BAD_PATH);
    assert_int_equal(descend_optimizer_save(NULL, FILE_PATH, NULL), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_load(NULL, FILE_PATH, NULL), DESCEND_NULL_OPTIMIZER);
    const descend_note *const notes[] = {NULL, &without_key, &without_value};
    for (size_t i = 0; i < COUNT(notes); i++)
        assert_both_refuse(&scene, FILE_PATH, &(descend_checkpoint){.notes = notes[i], .note_count = 1},
                           DESCEND_BAD_NOTE);
    assert_both_refuse(&scene, FILE_PATH, &(descend_checkpoint){.notes = last_bad, .note_count = 2}, DESCEND_BAD_NOTE);
    for (size_t word = 0; word < COUNT(scene.with.reserved); word++) {
        descend_checkpoint with = scene.with;
        with.reserved[word] = (uintptr_t)1 << 8 * (word % sizeof(uintptr_t));
        assert_both_refuse(&scene, FILE_PATH, &with, DESCEND_BAD_RESERVED);
    }
    scene_free(&scene);
}

static void bad_arguments(void **state)
{
    (void)state;
    for_each_fullest(check_arguments);
}

/* A file that could not be read back must not be written. */
static void files_that_would_be_bad(void **state)
{
    (void)state;
    enum { HEADER_LIMIT = 100000000 };
    char *const too_long = malloc(HEADER_LIMIT + 1);
    assert_non_null(too_long);
    memset(too_long, 'x', HEADER_LIMIT);
    too_long[HEADER_LIMIT] = '\0';
    const struct {
        descend_note notes[2];
        descend_status status;
    } cases[] = {{{{"seed", "\xff"}, {"a", ""}}, DESCEND_BAD_FILE_UTF8},
                 {{{"a", ""}, {"\xc3", "1"}}, DESCEND_BAD_FILE_UTF8},
                 {{{"seed", "1"}, {"seed", "2"}}, DESCEND_BAD_FILE_DUPLICATE},
                 {{{"seed", "1"}, {"long", too_long}}, DESCEND_BAD_FILE_HEADER_LIMIT}};
    size_t count;
    const struct configuration *all = configurations(&count);
    struct scene scene;
    scene_make(&scene, &all[count - 1]);
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_save_refused(&scene, FILE_PATH, &(descend_checkpoint){.notes = cases[i].notes, .note_count = 2},
                            cases[i].status);
    scene_free(&scene);
    free(too_long);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_contents),
        cmocka_unit_test(what_is_asked_for),
        cmocka_unit_test(other_groups_and_tensors),
        cmocka_unit_test(other_optimizers),
        cmocka_unit_test(bad_arguments),
        cmocka_unit_test(files_that_would_be_bad),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
