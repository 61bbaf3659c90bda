/* SPDX-License-Identifier: MIT */
/* What a file brings back: values, configs, parameters, a scaler and notes, each exactly, whatever they are, and in
 * whatever floating-point environment and locale the calls are made. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/equal.h"
#include "checkpoint/scene.h"
#include "environment.h"
#include "test.h"

static const descend_checkpoint with_params = {.params = true};

static struct environment default_environment, saving, loading; /* the last two: those that calls are made in */

static void leave_environment(struct environment expected)
{
    const struct environment now = environment_get();
    environment_set(default_environment);
    assert_int_equal(now.control, expected.control);
    assert_int_equal(now.status, expected.status);
}

static descend_status save(const descend_optimizer *optimizer, const descend_checkpoint *with)
{
    environment_set(saving);
    const descend_status status = descend_optimizer_save(optimizer, FILE_PATH, with);
    leave_environment(saving);
    return status;
}

static descend_status load(descend_optimizer *optimizer, const descend_checkpoint *with)
{
    environment_set(loading);
    const descend_status status = descend_optimizer_load(optimizer, FILE_PATH, with);
    leave_environment(loading);
    return status;
}

/* Saved in each, loaded in the next. */
static void for_each_environment(void (*check)(void))
{
    enum { ENVIRONMENTS = 4 };
    const struct environment all[ENVIRONMENTS] = {default_environment, environment_with(FE_UPWARD, false, false),
                                                  environment_with(FE_DOWNWARD, true, false),
                                                  environment_with(FE_TOWARDZERO, false, environment_can_trap())};
    for (size_t i = 0; i < ENVIRONMENTS; i++) {
        saving = all[i], loading = all[(i + 1) % ENVIRONMENTS];
        check();
    }
    saving = loading = default_environment;
}

/* Any bits at all, of NaN too. */
static void fill_bits(float *array, size_t n, uint64_t seed)
{
    static const uint32_t first[] = {0x80000000, 1,          0x807fffff, 0x007fffff, 0x7f800000,
                                     0xff800000, 0x7f800001, 0xffbfffff, 0x7fc00000, 0xffffffff};
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = i < COUNT(first) ? first[i] : (uint32_t)random_bits(&seed);
        memcpy(&array[i], &bits, sizeof bits);
    }
}

/* From arrays of the caller's into others of the caller's, and into the object's. */
static void check_values(const struct configuration *configuration)
{
    static const struct shape own[] = {{.n = 1000, .step = 3, .own_state = true},
                                       {.n = 3, .step = UINT64_C(1) << 53, .own_state = true}};
    static const struct shape other[] = {{.n = 1000, .own_state = true}, {.n = 3, .step = 9}};
    struct mirror from = mirror_new(configuration), to = mirror_new(configuration);
    mirror_add(&from, own, COUNT(own), ORDINARY, 1);
    mirror_add(&to, other, COUNT(other), ORDINARY, 2);
    for (size_t i = 0; i < from.count; i++)
        for (size_t k = 0; k < STATE + configuration->states; k++)
            fill_bits(from.twin[i].given.array[k], own[i].n, i + 10 * k);
    assert_int_equal(save(from.optimizer, &with_params), DESCEND_OK);
    assert_int_equal(load(to.optimizer, &with_params), DESCEND_OK);
    assert_equal_optimizers(from.optimizer, to.optimizer, "any values");
    for (size_t i = 0; i < from.count; i++) {
        descend_tensor x, y;
        assert_int_equal(descend_optimizer_tensor(from.optimizer, i, &x, NULL), DESCEND_OK);
        assert_int_equal(descend_optimizer_tensor(to.optimizer, i, &y, NULL), DESCEND_OK);
        assert_ptr_equal(y.param.data, to.twin[i].given.array[PARAM]);
        assert_memory_equal(x.param.data, y.param.data, x.n * sizeof(float));
        for (unsigned k = 0; k < configuration->states; k++) {
            if (other[i].own_state)
                assert_ptr_equal(y.state[k].data, to.twin[i].given.array[STATE + k]);
            assert_memory_equal(x.state[k].data, y.state[k].data,
                                descend_optimizer_state_length(from.optimizer, i, k) * sizeof(float));
        }
    }
    mirror_free(&from);
    mirror_free(&to);
}

static void check_all_values(void)
{
    for_each_fullest(check_values);
}

static void any_values(void **state)
{
    (void)state;
    for_each_environment(check_all_values);
}

/* A group for each number of the config and each value that it may have. */
static descend_optimizer *with_odd_configs(const struct configuration *configuration)
{
    static const double values[] = {0.1,
                                    1 / 3.0,
                                    -0.0,
                                    5e-324,
                                    DBL_MIN,
                                    -0x1.921fb54442d18p+1,
                                    0.9999,
                                    1e-300,
                                    -5e-324,
                                    0x1.fffffffffffffp-1,
                                    0x1.fffffefffffffp127,
                                    3,
                                    -1.5e-45,
                                    0x1.23456789abcdep-1000};
    float *const none[CONFIGURATION_STATES] = {NULL};
    descend_optimizer *optimizer;
    assert_int_equal(descend_optimizer_create(&optimizer, &configuration->config), DESCEND_OK);
    for (size_t i = 0; i < descend_kind_field_count(configuration->kind); i++)
        for (size_t v = 0; v < COUNT(values); v++) {
            const descend_field *field = descend_kind_field(configuration->kind, i);
            descend_config odd = configuration->config;
            if (field->flag || descend_config_set(&odd, field->name, values[v]) != DESCEND_OK)
                continue;
            if (configuration->step(odd.room, 1, NULL, NULL, none, 0, NULL) == DESCEND_OK)
                assert_int_equal(descend_optimizer_group(optimizer, &odd, NULL), DESCEND_OK);
        }
    assert_true(descend_optimizer_group_count(optimizer) > 20);
    return optimizer;
}

static void check_configs(const struct configuration *configuration)
{
    descend_optimizer *from = with_odd_configs(configuration), *to;
    assert_int_equal(descend_optimizer_create(&to, &configuration->config), DESCEND_OK);
    for (unsigned group = 1; group < descend_optimizer_group_count(from); group++)
        assert_int_equal(descend_optimizer_group(to, &configuration->config, NULL), DESCEND_OK);
    assert_int_equal(save(from, NULL), DESCEND_OK);
    assert_int_equal(load(to, NULL), DESCEND_OK);
    assert_equal_optimizers(from, to, "odd configs");
    descend_optimizer_destroy(from);
    descend_optimizer_destroy(to);
}

static void check_all_configs(void)
{
    for_each_fullest(check_configs);
}

static void configs_exactly(void **state)
{
    (void)state;
    for_each_environment(check_all_configs);
}

/* An AdamW that has taken a step. */
static struct mirror stepped(uint64_t seed)
{
    static const struct shape shapes[] = {{.n = 40}, {.n = 3}};
    size_t count;
    const struct configuration *all = configurations(&count);
    struct mirror mirror = mirror_new(&all[count - 1]);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, seed);
    mirror_step(&mirror, NULL, NULL);
    return mirror;
}

/* Parameters are in the file or not, and asked for or not: all four cases. */
static void params_if_asked_for(void **state)
{
    (void)state;
    struct mirror from = stepped(1);
    for (unsigned i = 0; i < 4; i++) {
        const descend_checkpoint written = {.params = i & 1}, asked = {.params = i & 2};
        struct mirror to = stepped(2);
        assert_int_equal(save(from.optimizer, &written), DESCEND_OK);
        const descend_status status = load(to.optimizer, i ? &asked : NULL);
        assert_int_equal(status, asked.params && !written.params ? DESCEND_BAD_FILE_MISSING : DESCEND_OK);
        for (size_t t = 0; t < from.count; t++) {
            const struct twin *wanted = asked.params && written.params ? &from.twin[t] : &to.twin[t];
            float *const param = to.twin[t].given.array[PARAM];
            assert_memory_equal(param, wanted->plain.array[PARAM], wanted->shape.n * sizeof *param);
            memcpy(param, from.twin[t].given.array[PARAM], wanted->shape.n * sizeof *param);
        }
        if (status == DESCEND_OK)
            assert_equal_optimizers(from.optimizer, to.optimizer, "all but params, %u", i);
        mirror_free(&to);
    }
    mirror_free(&from);
}

static void check_scalers(void)
{
    static const descend_scaler odd[] = {{65536, 2, 0.5, 2000, 0},
                                         {0x1p-149, 1 + DBL_EPSILON, 5e-324, UINT64_MAX, UINT64_MAX - 1},
                                         {FLT_MAX, DBL_MAX, 1 - DBL_EPSILON / 2, 1, 0},
                                         {3, 1.1, 0.3, (UINT64_C(1) << 53) + 1, UINT64_C(1) << 53}};
    struct mirror mirror = stepped(1);
    for (size_t i = 0; i < COUNT(odd); i++) {
        descend_scaler saved = odd[i], loaded = {0};
        const descend_checkpoint written = {.scaler = &saved}, asked = {.scaler = &loaded};
        assert_int_equal(save(mirror.optimizer, &written), DESCEND_OK);
        assert_memory_equal(&saved, &odd[i], sizeof saved);
        assert_int_equal(load(mirror.optimizer, NULL), DESCEND_OK);
        assert_int_equal(load(mirror.optimizer, &asked), DESCEND_OK);
        assert_memory_equal(&loaded, &odd[i], sizeof loaded);
    }
    mirror_free(&mirror);
}

static void scalers(void **state)
{
    (void)state;
    for_each_environment(check_scalers);
}

/* One that no update takes any more, for infinities in every step say: either it comes back, or the old file stays. */
static void scalers_at_their_end(void **state)
{
    (void)state;
    static const descend_scaler ended[] = {
        {0, 2, 0.5, 2000, 0}, {NAN, 2, 0.5, 2000, 0}, {65536, 1, 0.5, 2000, 0}, {65536, 2, 0.5, 2000, 2000}};
    struct mirror mirror = stepped(1);
    for (size_t i = 0; i < COUNT(ended); i++) {
        descend_scaler saved = descend_scaler_defaults(), loaded;
        const descend_checkpoint written = {.scaler = &saved}, asked = {.scaler = &loaded};
        assert_int_equal(save(mirror.optimizer, &written), DESCEND_OK);
        const descend_scaler good = saved;
        saved = ended[i];
        const descend_status status = save(mirror.optimizer, &written);
        assert_int_equal(load(mirror.optimizer, &asked), DESCEND_OK);
        assert_memory_equal(&loaded, status == DESCEND_OK ? &ended[i] : &good, sizeof loaded);
    }
    mirror_free(&mirror);
}

static const descend_note notes[] = {{"seed", "1234"},         {"batch size", "64"},
                                     {"", "no key"},           {"empty", ""},
                                     {"crc32", "00000000"},    {"note.seed", "\"\\\n\x01\xf0\x9f\x98\x80"},
                                     {"\xc3\xa4", "\xc2\xa0 "}};

/* All, some or none of those in the file, in any order; the others do not matter. */
static void equal_notes(void **state)
{
    (void)state;
    struct mirror mirror = stepped(1);
    const descend_checkpoint all = {.notes = notes, .note_count = COUNT(notes)};
    const descend_note backward[] = {notes[3], notes[0], notes[0]};
    const descend_checkpoint twice = {.notes = backward, .note_count = COUNT(backward)};
    assert_int_equal(save(mirror.optimizer, &all), DESCEND_OK);
    for (size_t first = 0; first < COUNT(notes); first++)
        for (size_t count = 0; first + count <= COUNT(notes); count++) {
            const descend_checkpoint some = {.notes = notes + first, .note_count = count};
            assert_int_equal(load(mirror.optimizer, &some), DESCEND_OK);
        }
    assert_int_equal(load(mirror.optimizer, &twice), DESCEND_OK);
    assert_int_equal(load(mirror.optimizer, NULL), DESCEND_OK);
    assert_mirrored(&mirror, "notes");
    mirror_free(&mirror);
}

/* The file is a function of what is in it; so one that was loaded makes it again, over itself. */
static void check_same_bytes(const struct configuration *configuration)
{
    static const struct shape shapes[] = {{.n = 100}, {.n = 0}, {.n = 7, .step = 3, .own_state = true}};
    descend_scaler scaler = descend_scaler_defaults();
    const descend_checkpoint with = {.params = true, .scaler = &scaler, .notes = notes, .note_count = COUNT(notes)};
    struct mirror from = mirror_new(configuration), to = mirror_new(configuration);
    mirror_add(&from, shapes, COUNT(shapes), SPECIAL, 1);
    mirror_add(&to, shapes, COUNT(shapes), SPECIAL, 2);
    mirror_step(&from, NULL, NULL);
    assert_int_equal(save(from.optimizer, &with), DESCEND_OK);
    const struct bytes first = read_bytes(FILE_PATH);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(load(to.optimizer, &with), DESCEND_OK);
        assert_int_equal(save(to.optimizer, &with), DESCEND_OK);
        const struct bytes again = read_bytes(FILE_PATH);
        assert_int_equal(first.size, again.size);
        assert_memory_equal(first.data, again.data, first.size);
        free(again.data);
    }
    assert_entries(1);
    free(first.data);
    mirror_free(&from);
    mirror_free(&to);
}

static void same_bytes_again(void **state)
{
    (void)state;
    for_each_fullest(check_same_bytes);
}

/* Of those that people have, one whose numbers are written with a comma. */
static bool set_comma(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "es_ES.UTF-8", "it_IT.UTF-8",
                                        "nl_NL.UTF-8", "pt_BR.UTF-8", "ru_RU.UTF-8", "de_DE"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (setlocale(LC_ALL, names[i]) && localeconv()->decimal_point[0] == ',')
            return true;
    setlocale(LC_ALL, "C");
    return false;
}

static void decimal_comma(void **state)
{
    struct mirror mirror = stepped(1);
    assert_int_equal(save(mirror.optimizer, NULL), DESCEND_OK);
    const struct bytes before = read_bytes(FILE_PATH);
    const bool comma = set_comma();
    if (comma) {
        assert_int_equal(load(mirror.optimizer, NULL), DESCEND_OK);
        assert_int_equal(save(mirror.optimizer, NULL), DESCEND_OK);
        const struct bytes now = read_bytes(FILE_PATH);
        assert_int_equal(before.size, now.size);
        assert_memory_equal(before.data, now.data, now.size);
        free(now.data);
        configs_exactly(state);
        setlocale(LC_ALL, "C");
    }
    free(before.data);
    mirror_free(&mirror);
    if (!comma) {
        printf("skipped: no locale with a decimal comma here\n");
        skip();
    }
}

int main(void)
{
    default_environment = saving = loading = environment_get();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_values),           cmocka_unit_test(configs_exactly),     cmocka_unit_test(scalers),
        cmocka_unit_test(scalers_at_their_end), cmocka_unit_test(params_if_asked_for), cmocka_unit_test(equal_notes),
        cmocka_unit_test(same_bytes_again),     cmocka_unit_test(decimal_comma),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
