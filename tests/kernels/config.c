/* SPDX-License-Identifier: MIT */
/* Every bad hyperparameter: its own error, and no byte changed. The defaults. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "config_derived.h"
#include "test.h"

static const struct expected_field *field_of(const struct configuration *configuration, const char *name)
{
    const struct expected_field *field = configuration->expected->field;
    while (field->name && strcmp(field->name, name) != 0)
        field++;
    if (field->name == NULL)
        fail_msg("no field %s of %s", name, configuration->optimizer);
    return field;
}

static void set(struct call *call, const struct expected_field *field, double value)
{
    memcpy((char *)call->configuration.config.room + field->offset, &value, sizeof value);
}

/* A change of this field would break one of Nesterov's rules as well, and which error comes first is left open. */
static bool ruled_by_nesterov(const struct configuration *configuration, const struct expected_field *field)
{
    return strstr(configuration->label, "nesterov") &&
           (strcmp(field->name, "momentum") == 0 || strcmp(field->name, "dampening") == 0);
}

/* The check on every number of every configuration's config. */
static void for_each_field(void (*check)(const struct configuration *, const struct expected_field *))
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t s = 0; s < count; s++)
        for (const struct expected_field *field = all[s].expected->field; field->name; field++)
            if (field->range != TRUE_OR_FALSE && !ruled_by_nesterov(&all[s], field))
                check(&all[s], field);
}

static void check_refused(const struct configuration *configuration, const struct expected_field *field,
                          const double values[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint64_t step = 1; step <= 2; step++) {
            struct call call = call_of(configuration);
            call.step = step;
            set(&call, field, values[i]);
            assert_refused(&call, field->error, "%s = %a", field->name, values[i]);
            call.n = 0;
            assert_refused(&call, field->error, "%s = %a", field->name, values[i]);
        }
}

struct values {
    size_t count;
    double value[11];
};

static void check_bad_values(const struct configuration *configuration, const struct expected_field *field)
{
    static const double never[] = {NAN, -NAN, INFINITY, -INFINITY};
    static const struct values bad[RANGES] = {
        [NOT_NEGATIVE] = {6, {-0x1p-1074, -DBL_MIN, -1e-8, -1, -1e39, -DBL_MAX}},
        [SMOOTHING] = {11, {-0x1p-1074, -DBL_MIN, -1e-8, -1, -1e39, -DBL_MAX, 1, 1 + DBL_EPSILON, 1.5, 1e39, DBL_MAX}},
        [FRACTION] = {10, {-0x1p-1074, -1e-8, -1, -DBL_MAX, 0, -0.0, 1, 1 + DBL_EPSILON, 1e39, DBL_MAX}},
        [ABOVE_ONE] = {9, {-DBL_MAX, -1.2, -1, -0x1p-1074, 0, -0.0, 0x1p-1074, BELOW_1, 1}},
    };
    check_refused(configuration, field, never, COUNT(never));
    check_refused(configuration, field, bad[field->range].value, bad[field->range].count);
}

static void bad_values(void **state)
{
    (void)state;
    for_each_field(check_bad_values);
}

static void check_good_values(const struct configuration *configuration, const struct expected_field *field)
{
    static const struct values good[RANGES] = {
        [ANY_FINITE] = {10, {0, -0.0, 0x1p-1074, DBL_MIN, 0.25, BELOW_1, 1, 1e10, -1, -0x1p-1074}},
        [NOT_NEGATIVE] = {8, {0, -0.0, 0x1p-1074, DBL_MIN, 0.25, BELOW_1, 1, 1e10}},
        [SMOOTHING] = {6, {0, -0.0, 0x1p-1074, DBL_MIN, 0.25, BELOW_1}},
        [FRACTION] = {5, {0x1p-1074, DBL_MIN, 0.25, 0.5, BELOW_1}},
        [ABOVE_ONE] = {4, {1 + DBL_EPSILON, 1.2, 2, 1e10}},
    };
    static const uint64_t steps[] = {1, 2, STEP_MAX};
    const struct values *values = &good[field->range];
    for (size_t i = 0; i < values->count; i++)
        for (size_t s = 0; s < COUNT(steps); s++) {
            struct call call = call_of(configuration);
            call.step = steps[s];
            set(&call, field, values->value[i]);
            assert_accepted(&call, "%s = %a", field->name, values->value[i]);
            call.n = 0;
            /* NAdam, of which mu_product is then 1: a momentum that is 1 as a float32 leaves it so */
            if (!(configuration->states > configuration->arrays && values->value[i] == BELOW_1 && steps[s] == STEP_MAX))
                assert_accepted(&call, "%s = %a", field->name, values->value[i]);
        }
}

static void borderline_good_values(void **state)
{
    (void)state;
    for_each_field(check_good_values);
}

/* With no elements, and with some. */
static void check_status(struct call *call, descend_status status, const struct expected_field *field, double value)
{
    set(call, field, value);
    for (call->n = 0; call->n <= CALL_N; call->n += CALL_N)
        if (status == DESCEND_OK)
            assert_accepted(call, "%s = %a", field->name, value);
        else
            assert_refused(call, status, "%s = %a", field->name, value);
}

static void check_beyond(const struct configuration *configuration, const struct expected_field *field)
{
    static const double beyond[] = {OVERFLOWING, 1e39, 1e300, DBL_MAX};
    const double largest[] = {FLT_MAX, nextafter(OVERFLOWING, 0)};
    struct call call = call_of(configuration);
    for (size_t i = 0; i < COUNT(beyond) && field->beyond != DERIVED; i++) {
        check_status(&call, field->beyond == DIRECT ? DESCEND_OVERFLOW : DESCEND_OK, field, beyond[i]);
        if (field->range == ANY_FINITE)
            check_status(&call, DESCEND_OK, field, -beyond[i]);
    }
    for (size_t i = 0; i < COUNT(largest) && field->beyond != DERIVED; i++)
        check_status(&call, DESCEND_OK, field, largest[i]);
}

static void values_beyond_float32(void **state)
{
    (void)state;
    for_each_field(check_beyond);
}

static void derived_coefficients(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(derived); i++) {
        struct call call = call_of(configuration_of(derived[i].label));
        char what[160] = "";
        call.step = derived[i].step;
        for (const struct setting *setting = derived[i].setting; setting->field; setting++) {
            const size_t length = strlen(what);
            set(&call, field_of(&call.configuration, setting->field), setting->value);
            snprintf(what + length, sizeof what - length, " %s = %a", setting->field, setting->value);
        }
        for (call.n = 0; call.n <= CALL_N; call.n += CALL_N)
            if (derived[i].status == DESCEND_OK)
                assert_accepted(&call, "%s", what);
            else
                assert_refused(&call, derived[i].status, "%s", what);
    }
}

static void nesterov(void **state)
{
    (void)state;
    static const struct {
        double momentum, dampening;
        descend_status status;
    } cases[] = {
        {0.9, 0, DESCEND_OK},
        {0.9, -0.0, DESCEND_OK},
        {0x1p-1074, 0, DESCEND_OK},
        {0, 0, DESCEND_BAD_NESTEROV},
        {-0.0, 0, DESCEND_BAD_NESTEROV},
        {0.9, 0.1, DESCEND_BAD_NESTEROV},
        {0.9, -0.1, DESCEND_BAD_NESTEROV},
        {0.9, 0x1p-1074, DESCEND_BAD_NESTEROV},
        {0, 0.1, DESCEND_BAD_NESTEROV},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (uint64_t step = 1; step <= 2; step++) {
            struct call call = call_of(configuration_of("sgd"));
            const descend_sgd config = {
                .lr = 0.1, .momentum = cases[i].momentum, .dampening = cases[i].dampening, .nesterov = true};
            call.configuration.config.sgd = config;
            call.step = step;
            for (call.n = 0; call.n <= CALL_N; call.n += CALL_N)
                if (cases[i].status == DESCEND_OK)
                    assert_accepted(&call, "momentum %a, dampening %a", cases[i].momentum, cases[i].dampening);
                else
                    assert_refused(&call, cases[i].status, "momentum %a, dampening %a", cases[i].momentum,
                                   cases[i].dampening);
        }
}

/* Each may be any number, but the least not be above the most. */
static void step_sizes(void **state)
{
    (void)state;
    static const struct {
        double min, max;
        descend_status status;
    } cases[] = {
        {1e-6, 50, DESCEND_OK},
        {0, -0.0, DESCEND_OK},
        {-0.0, 0, DESCEND_OK},
        {0.25, 0.25, DESCEND_OK},
        {-2, -1, DESCEND_OK},
        {-FLT_MAX, FLT_MAX, DESCEND_OK},
        {-0x1p-1074, 0x1p-1074, DESCEND_OK},
        {BELOW_1, 1, DESCEND_OK},
        {1, BELOW_1, DESCEND_BAD_STEP_SIZE_MAX}, /* also where they are one float32 */
        {0x1p-1074, 0, DESCEND_BAD_STEP_SIZE_MAX},
        {0, -0x1p-1074, DESCEND_BAD_STEP_SIZE_MAX},
        {50, 1e-6, DESCEND_BAD_STEP_SIZE_MAX},
        {-1, -2, DESCEND_BAD_STEP_SIZE_MAX},
        {FLT_MAX, -FLT_MAX, DESCEND_BAD_STEP_SIZE_MAX},
        {0, OVERFLOWING, DESCEND_OVERFLOW},
        {-OVERFLOWING, 0, DESCEND_OVERFLOW},
        {-DBL_MAX, DBL_MAX, DESCEND_OVERFLOW},
        {1e39, 1e39, DESCEND_OVERFLOW},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call call = call_of(configuration_of("rprop"));
        set(&call, field_of(&call.configuration, "step_size_min"), cases[i].min);
        check_status(&call, cases[i].status, field_of(&call.configuration, "step_size_max"), cases[i].max);
    }
}

static void check_defaults(descend_kind kind)
{
    const descend_config defaults = descend_config_defaults(kind);
    const char *const optimizer = descend_kind_name(kind);
    struct call call = call_of(configuration_of(optimizer));
    for (const struct expected_field *field = call.configuration.expected->field; field->name; field++) {
        double value;
        assert_int_equal(descend_config_get(&defaults, field->name, &value), DESCEND_OK);
        if (value != field->by_default)
            fail_msg("%s: %s is %a by default", optimizer, field->name, value);
    }
    call.configuration.config = defaults;
    for (call.n = 0; call.n <= CALL_N; call.n += CALL_N)
        assert_accepted(&call, "the defaults");
}

static void defaults(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind <= descend_kind_count(); kind++)
        check_defaults((descend_kind)kind);
}

static void version(void **state)
{
    (void)state;
    char expected[64];
    snprintf(expected, sizeof expected, "%d.%d.%d", DESCEND_VERSION_MAJOR, DESCEND_VERSION_MINOR,
             DESCEND_VERSION_PATCH);
    assert_string_equal(descend_version_string(), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_values),
        cmocka_unit_test(borderline_good_values),
        cmocka_unit_test(values_beyond_float32),
        cmocka_unit_test(derived_coefficients),
        cmocka_unit_test(nesterov),
        cmocka_unit_test(step_sizes),
        cmocka_unit_test(defaults),
        cmocka_unit_test(version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
