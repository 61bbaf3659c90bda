/* SPDX-License-Identifier: MIT */
/* What the library says of its own optimizers, and configs by the names of their fields (descend/config.h). */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "environment.h"
#include "test.h"

enum { KINDS_MAX = 100 };

/* A configuration of each kind, by its number: what the kind is expected to be. */
static const struct configuration *kinds[KINDS_MAX];
static unsigned kind_count;

static int find_kinds(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++) {
        const int number = all[i].expected->number;
        assert_true(number >= 1 && number < KINDS_MAX);
        kind_count += kinds[number] == NULL;
        kinds[number] = &all[i];
    }
    return 0;
}

static void check_states(descend_kind kind, const char *const expected[])
{
    const size_t count = descend_kind_state_count(kind);
    for (size_t k = 0; k < count; k++) {
        const descend_state *found = descend_kind_state(kind, k);
        char name[64];
        snprintf(name, sizeof name, found->scalar ? "(%s)" : "%s", found->name);
        assert_non_null(expected[k]);
        assert_string_equal(name, expected[k]);
    }
    assert_null(expected[count]);
    assert_null(descend_kind_state(kind, count));
    assert_null(descend_kind_state(kind, SIZE_MAX));
}

static void check_fields(descend_kind kind, const struct expected_field *expected)
{
    const size_t count = descend_kind_field_count(kind);
    for (size_t k = 0; k < count; k++) {
        const descend_field *found = descend_kind_field(kind, k);
        assert_non_null(expected[k].name);
        assert_string_equal(found->name, expected[k].name);
        assert_int_equal(found->offset, expected[k].offset);
        assert_int_equal(found->flag, expected[k].range == TRUE_OR_FALSE);
        assert_int_equal(found->status, expected[k].error);
        assert_non_null(strstr(descend_status_string(found->status), found->flag ? "flag" : found->name));
        assert_non_null(strstr(found->refusal, found->name));
    }
    assert_null(expected[count].name);
    assert_null(descend_kind_field(kind, count));
}

static void names_fields_and_states(void **state)
{
    (void)state;
    assert_int_equal(descend_kind_count(), kind_count);
    for (unsigned number = 1; number <= kind_count; number++) {
        assert_non_null(kinds[number]);
        assert_int_equal(kinds[number]->kind, number);
        assert_string_equal(descend_kind_name((descend_kind)number), kinds[number]->optimizer);
        assert_int_equal(descend_kind_find(kinds[number]->optimizer), number);
        check_states((descend_kind)number, kinds[number]->expected->states);
        check_fields((descend_kind)number, kinds[number]->expected->field);
    }
}

/* What is no kind has no name, fields, states, defaults; and no function reads past a table for it. */
static void no_kind(void **state)
{
    (void)state;
    const int none[] = {0, (int)kind_count + 1, -1, 1000000, INT32_MIN, INT32_MAX};
    static const char *const unknown[] = {"", "Adam", "adam ", "ada", "adamww", "none"};
    const descend_config zero = {.kind = DESCEND_KIND_NONE};
    for (size_t i = 0; i < COUNT(none); i++) {
        const descend_kind kind = (descend_kind)none[i];
        descend_config config = descend_config_defaults(kind);
        double value = 7;
        assert_null(descend_kind_name(kind));
        assert_int_equal(descend_kind_field_count(kind), 0);
        assert_null(descend_kind_field(kind, 0));
        assert_int_equal(descend_kind_state_count(kind), 0);
        assert_null(descend_kind_state(kind, 0));
        assert_int_equal(config.kind, DESCEND_KIND_NONE);
        assert_memory_equal(config.room, zero.room, sizeof zero.room);
        config.kind = kind;
        assert_int_equal(descend_config_set(&config, "lr", 1), DESCEND_BAD_KIND);
        assert_int_equal(descend_config_get(&config, "lr", &value), DESCEND_BAD_KIND);
        assert_int_equal(descend_step(&config, 1, NULL, NULL, NULL, 0, NULL), DESCEND_BAD_KIND);
        assert_int_equal(descend_config_states(&config), 0);
        assert_true(isnan(descend_config_initial(&config, 0)) && isnan(descend_config_advance(&config, 1, 1)));
        assert_true(value == 7);
    }
    for (size_t i = 0; i < COUNT(unknown); i++)
        assert_int_equal(descend_kind_find(unknown[i]), DESCEND_KIND_NONE);
    assert_int_equal(descend_kind_find(NULL), DESCEND_KIND_NONE);
    assert_int_equal(descend_step(NULL, 1, NULL, NULL, NULL, 0, NULL), DESCEND_NULL_CONFIG);
    assert_int_equal(descend_config_states(NULL), 0);
    assert_true(isnan(descend_config_initial(NULL, 0)) && isnan(descend_config_advance(NULL, 1, 1)));
}

static void set_to(descend_config *config, const descend_field *field, double value, descend_status expected)
{
    const descend_config before = *config;
    double read = -7;
    if (descend_config_set(config, field->name, value) != expected)
        fail_msg("%s.%s = %a is not answered by %d", descend_kind_name(config->kind), field->name, value, expected);
    assert_int_equal(descend_config_get(config, field->name, &read), DESCEND_OK);
    if (expected == DESCEND_OK)
        assert_memory_equal(&read, &value, sizeof value);
    else
        assert_memory_equal(config, &before, sizeof before);
}

/* Every field takes the ends of its range and refuses what is next beyond them, and no other field moves. */
static void every_field(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= kind_count; number++) {
        const descend_kind kind = (descend_kind)number;
        const descend_config defaults = descend_config_defaults(kind);
        for (size_t k = 0; k < descend_kind_field_count(kind); k++) {
            const descend_field *field = descend_kind_field(kind, k);
            descend_config config = defaults;
            assert_true(field->minimum < field->maximum);
            set_to(&config, field, field->minimum, DESCEND_OK);
            set_to(&config, field, field->maximum, DESCEND_OK);
            set_to(&config, field, NAN, field->status);
            set_to(&config, field, nextafter(field->minimum, -INFINITY), field->status);
            set_to(&config, field, nextafter(field->maximum, INFINITY), field->status);
            if (field->flag)
                set_to(&config, field, 0.5, DESCEND_BAD_FLAG);
            const size_t size = field->flag ? sizeof(bool) : sizeof(double);
            memcpy((char *)config.room + field->offset, (const char *)defaults.room + field->offset, size);
            assert_memory_equal(&config, &defaults, sizeof config);
        }
        descend_config config = defaults;
        double value = 7;
        assert_int_equal(descend_config_set(&config, "no_such_field", 0), DESCEND_BAD_FIELD);
        assert_int_equal(descend_config_set(&config, "", 0), DESCEND_BAD_FIELD);
        assert_int_equal(descend_config_get(&config, "lr ", &value), DESCEND_BAD_FIELD);
        assert_int_equal(descend_config_set(&config, NULL, 0), DESCEND_NULL_CONFIG);
        assert_int_equal(descend_config_set(NULL, "lr", 0), DESCEND_NULL_CONFIG);
        assert_int_equal(descend_config_get(&config, "lr", NULL), DESCEND_NULL_CONFIG);
        assert_true(value == 7);
        assert_memory_equal(&config, &defaults, sizeof config);
    }
}

/* Where subnormal numbers count as 0 they are still told from 0: Rprop's eta_minus must be above it. */
static void in_any_environment(void **state)
{
    (void)state;
    const struct environment environments[] = {environment_with(FE_UPWARD, true, environment_can_trap()),
                                               environment_with(FE_DOWNWARD, true, false)};
    for (size_t i = 0; i < COUNT(environments); i++) {
        descend_config config = descend_config_defaults(DESCEND_RPROP);
        const struct environment before = environment_get();
        environment_set(environments[i]);
        const descend_status good = descend_config_set(&config, "eta_minus", DBL_TRUE_MIN);
        const descend_status bad = descend_config_set(&config, "lr", -DBL_TRUE_MIN);
        const struct environment after = environment_get();
        environment_set(before);
        assert_int_equal(good, DESCEND_OK);
        assert_int_equal(bad, DESCEND_BAD_LR);
        assert_int_equal(after.control, environments[i].control);
        assert_int_equal(after.status, environments[i].status);
    }
}

/* descend_step is the kind's own function. */
static void check_step(const struct configuration *configuration)
{
    enum { N = 37 };
    struct arrays own = arrays_new(N), any = arrays_new(N);
    assert_int_equal(descend_config_states(&configuration->config), configuration->used);
    arrays_fill(configuration, &own, ORDINARY, 1);
    arrays_fill(configuration, &any, ORDINARY, 1);
    for (uint64_t step = 1; step <= 3; step++) {
        float *states[CONFIGURATION_STATES], through;
        arrays_states(configuration, step, &any, states, &through);
        assert_int_equal(arrays_step(configuration, step, &own, NULL), DESCEND_OK);
        assert_int_equal(descend_step(&configuration->config, step, any.array[PARAM], any.array[GRAD], states, N, NULL),
                         DESCEND_OK);
        arrays_advance(configuration, step, &own);
        arrays_advance(configuration, step, &any);
        assert_same_arrays(configuration, &own, &any, "step %d", (int)step);
    }
    if (configuration->states > 0)
        assert_int_equal(descend_step(&configuration->config, 1, any.array[PARAM], any.array[GRAD], NULL, N, NULL),
                         DESCEND_NULL_ARRAY);
    assert_int_equal(descend_step(&configuration->config, 1, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
    arrays_free(&own);
    arrays_free(&any);
}

static void steps_of_any_kind(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        check_step(&all[i]);
}

static void initial_values(void **state)
{
    (void)state;
    for (unsigned number = 1; number <= kind_count; number++) {
        descend_config config = descend_config_defaults((descend_kind)number);
        const bool sum = config.kind == DESCEND_ADAGRAD, step_size = config.kind == DESCEND_RPROP;
        if (sum)
            config.adagrad.initial_accumulator_value = 0.1;
        for (size_t k = 0; k < descend_kind_state_count(config.kind); k++) {
            const float expected = sum                                          ? 0.1f
                                   : step_size && k == 1                        ? (float)config.rprop.lr
                                   : descend_kind_state(config.kind, k)->scalar ? 1.0f
                                                                                : 0.0f;
            assert_true(descend_config_initial(&config, k) == expected);
        }
        assert_true(isnan(descend_config_initial(&config, descend_kind_state_count(config.kind))));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_fields_and_states),
        cmocka_unit_test(no_kind),
        cmocka_unit_test(every_field),
        cmocka_unit_test(in_any_environment),
        cmocka_unit_test(steps_of_any_kind),
        cmocka_unit_test(initial_values),
    };
    return cmocka_run_group_tests(tests, find_kinds, NULL);
}
