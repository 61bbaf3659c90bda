/* Every bad hyperparameter: its own error, and no byte changed. The defaults, and what the statuses say. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "call.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define BELOW_1 0x1.fffffffffffffp-1
/* FLT_MAX and half a unit in its last place: the least double that rounds to an infinite float32. */
#define OVERFLOWING 0x1.ffffffp127
#define STEP_MAX (UINT64_C(1) << 53)

enum range { ANY_FINITE, NOT_NEGATIVE, BELOW_ONE /* and not negative */ };

/* Every field of type double. */
static const struct field {
    const char *optimizer, *name;
    size_t offset;
    enum range range;
    descend_status error;
    bool direct; /* its own float32 value enters the elementwise work */
} fields[] = {
#define FIELD(optimizer, name, range, error, direct) \
    {#optimizer, #name, offsetof(descend_##optimizer, name), range, DESCEND_BAD_##error, direct},
    /* clang-format off */
    FIELD(sgd,     lr,           NOT_NEGATIVE, LR,           true)
    FIELD(sgd,     momentum,     NOT_NEGATIVE, MOMENTUM,     true)
    FIELD(sgd,     dampening,    ANY_FINITE,   DAMPENING,    false)
    FIELD(sgd,     weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, true)
    FIELD(rmsprop, lr,           NOT_NEGATIVE, LR,           true)
    FIELD(rmsprop, alpha,        BELOW_ONE,    ALPHA,        false)
    FIELD(rmsprop, eps,          NOT_NEGATIVE, EPS,          true)
    FIELD(rmsprop, weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, true)
    FIELD(rmsprop, momentum,     NOT_NEGATIVE, MOMENTUM,     true)
    FIELD(adam,    lr,           NOT_NEGATIVE, LR,           false)
    FIELD(adam,    beta1,        BELOW_ONE,    BETA1,        false)
    FIELD(adam,    beta2,        BELOW_ONE,    BETA2,        false)
    FIELD(adam,    eps,          NOT_NEGATIVE, EPS,          true)
    FIELD(adam,    weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, true)
    FIELD(adamw,   lr,           NOT_NEGATIVE, LR,           false)
    FIELD(adamw,   beta1,        BELOW_ONE,    BETA1,        false)
    FIELD(adamw,   beta2,        BELOW_ONE,    BETA2,        false)
    FIELD(adamw,   eps,          NOT_NEGATIVE, EPS,          true)
    FIELD(adamw,   weight_decay, NOT_NEGATIVE, WEIGHT_DECAY, false)
/* clang-format on */
#undef FIELD
};

static const struct field *field_of(const char *optimizer, const char *name)
{
    for (size_t i = 0; i < COUNT(fields); i++)
        if (strcmp(fields[i].optimizer, optimizer) == 0 && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    fail_msg("no field %s.%s", optimizer, name);
    return NULL;
}

static void set(struct call *call, const struct field *field, double value)
{
    memcpy(call->subject.config + field->offset, &value, sizeof value);
}

/* The optimizer's plainest config: no option on. */
static const struct subject *plain(const char *optimizer)
{
    size_t count;
    const struct subject *all = subjects(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].optimizer, optimizer) == 0)
            return &all[i];
    fail_msg("no optimizer %s", optimizer);
    return NULL;
}

/* A change of this field would break one of Nesterov's rules as well, and which error comes first is left open. */
static bool ruled_by_nesterov(const struct subject *subject, const struct field *field)
{
    return strstr(subject->label, "nesterov") &&
           (strcmp(field->name, "momentum") == 0 || strcmp(field->name, "dampening") == 0);
}

/* The check on every field of every subject. */
static void for_each_field(void (*check)(const struct subject *, const struct field *))
{
    size_t count;
    const struct subject *all = subjects(&count);
    for (size_t s = 0; s < count; s++)
        for (size_t f = 0; f < COUNT(fields); f++)
            if (strcmp(fields[f].optimizer, all[s].optimizer) == 0 && !ruled_by_nesterov(&all[s], &fields[f]))
                check(&all[s], &fields[f]);
}

static void check_refused(const struct subject *subject, const struct field *field, const double values[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (uint64_t step = 1; step <= 2; step++) {
            struct call call = call_of(subject);
            call.step = step;
            set(&call, field, values[i]);
            assert_refused(&call, field->error, "%s = %a", field->name, values[i]);
            call.n = 0;
            assert_refused(&call, field->error, "%s = %a", field->name, values[i]);
        }
}

static void check_bad_values(const struct subject *subject, const struct field *field)
{
    static const double never[] = {NAN, -NAN, INFINITY, -INFINITY};
    static const double negative[] = {-0x1p-1074, -DBL_MIN, -1e-8, -1, -1e39, -DBL_MAX};
    static const double not_below_1[] = {1, 1 + DBL_EPSILON, 1.5, 1e39, DBL_MAX};
    check_refused(subject, field, never, COUNT(never));
    if (field->range != ANY_FINITE)
        check_refused(subject, field, negative, COUNT(negative));
    if (field->range == BELOW_ONE)
        check_refused(subject, field, not_below_1, COUNT(not_below_1));
}

static void bad_values(void **state)
{
    (void)state;
    for_each_field(check_bad_values);
}

static void check_good_values(const struct subject *subject, const struct field *field)
{
    static const double values[] = {0, -0.0, 0x1p-1074, DBL_MIN, 0.25, BELOW_1, 1, 1e10, -1, -0x1p-1074};
    static const uint64_t steps[] = {1, 2, STEP_MAX};
    const size_t count = field->range == BELOW_ONE ? 6 : field->range == NOT_NEGATIVE ? 8 : COUNT(values);
    for (size_t i = 0; i < count; i++)
        for (size_t s = 0; s < COUNT(steps); s++) {
            struct call call = call_of(subject);
            call.step = steps[s];
            set(&call, field, values[i]);
            assert_accepted(&call, "%s = %a", field->name, values[i]);
            call.n = 0;
            assert_accepted(&call, "%s = %a", field->name, values[i]);
        }
}

static void borderline_good_values(void **state)
{
    (void)state;
    for_each_field(check_good_values);
}

/* Fields that enter the elementwise work as they are. */
static void check_direct(const struct subject *subject, const struct field *field)
{
    static const double overflowing[] = {OVERFLOWING, 1e39, 1e300, DBL_MAX};
    const double largest[] = {FLT_MAX, nextafter(OVERFLOWING, 0)};
    if (!field->direct)
        return;
    struct call call = call_of(subject);
    for (size_t i = 0; i < COUNT(overflowing); i++) {
        set(&call, field, overflowing[i]);
        for (call.n = 0; call.n <= CALL_N; call.n += CALL_N)
            assert_refused(&call, DESCEND_OVERFLOW, "%s = %a", field->name, overflowing[i]);
    }
    for (size_t i = 0; i < COUNT(largest); i++) {
        set(&call, field, largest[i]);
        for (call.n = 0; call.n <= CALL_N; call.n += CALL_N)
            assert_accepted(&call, "%s = %a", field->name, largest[i]);
    }
}

static void values_beyond_float32(void **state)
{
    (void)state;
    for_each_field(check_direct);
}

/* Coefficients derived from several fields or the step, each set on the plainest config of its optimizer. */
static const struct derived {
    const char *optimizer;
    uint64_t step;
    struct setting {
        const char *field;
        double value;
    } setting[4];
    descend_status status;
} derived[] = {
    /* f32(1 - dampening), from the second step on */
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", 1e39}}, DESCEND_OVERFLOW},
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", -1e39}}, DESCEND_OVERFLOW},
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"sgd", 3, {{"momentum", 0.9}, {"dampening", DBL_MAX}}, DESCEND_OVERFLOW},
    {"sgd", 3, {{"momentum", 0.9}, {"dampening", -DBL_MAX}}, DESCEND_OVERFLOW},
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", FLT_MAX}}, DESCEND_OK},
    {"sgd", 2, {{"momentum", 0.9}, {"dampening", -FLT_MAX}}, DESCEND_OK},
    /* f32(-(lr / (1 - beta1^step))): at 0.5 and step 1 twice lr, later lr */
    {"adam", 1, {{"lr", FLT_MAX}, {"beta1", 0}}, DESCEND_OK},
    {"adam", 1, {{"lr", FLT_MAX}, {"beta1", 0.5}}, DESCEND_OVERFLOW},
    {"adam", 1, {{"lr", FLT_MAX / 2}, {"beta1", 0.5}}, DESCEND_OK},
    {"adam", 1, {{"lr", OVERFLOWING / 2}, {"beta1", 0.5}}, DESCEND_OVERFLOW},
    {"adam", 2, {{"lr", OVERFLOWING / 2}, {"beta1", 0.5}}, DESCEND_OK},
    {"adam", 2, {{"lr", FLT_MAX}, {"beta1", 0.5}}, DESCEND_OVERFLOW},
    {"adam", 1000, {{"lr", FLT_MAX}, {"beta1", 0.5}}, DESCEND_OK},
    {"adam", 1, {{"lr", 1e30}, {"beta1", BELOW_1}}, DESCEND_OVERFLOW},
    {"adam", STEP_MAX, {{"lr", 1e30}, {"beta1", BELOW_1}}, DESCEND_OK},
    {"adam", 1, {{"lr", DBL_MAX}, {"beta1", 0.9}}, DESCEND_OVERFLOW}, /* even in double */
    {"adam", 1000, {{"lr", 1e39}}, DESCEND_OVERFLOW},
    {"adam", 1000, {{"lr", 1e300}}, DESCEND_OVERFLOW},
    {"adamw", 1, {{"lr", 1e38}, {"beta1", 0}}, DESCEND_OK},
    {"adamw", 1, {{"lr", 1e38}, {"beta1", 0.9}}, DESCEND_OVERFLOW},
    {"adamw", 1000, {{"lr", 1e38}, {"beta1", 0.9}}, DESCEND_OK},
    {"adamw", 1000, {{"lr", 1e39}, {"weight_decay", 0}}, DESCEND_OVERFLOW},
    {"adamw", 1000, {{"lr", 1e300}, {"weight_decay", 0}}, DESCEND_OVERFLOW},
    /* f32(1 - lr * weight_decay): the decay alone enters nothing */
    {"adamw", 2, {{"lr", 1e20}, {"weight_decay", 1e20}}, DESCEND_OVERFLOW},
    {"adamw", 2, {{"lr", 1e3}, {"weight_decay", 1e300}}, DESCEND_OVERFLOW},
    {"adamw", 2, {{"lr", 1e20}, {"weight_decay", 1e300}}, DESCEND_OVERFLOW}, /* even in double */
    {"adamw", 2, {{"lr", 1}, {"weight_decay", OVERFLOWING}}, DESCEND_OVERFLOW},
    {"adamw", 2, {{"lr", 1}, {"weight_decay", FLT_MAX}}, DESCEND_OK},
    {"adamw", 2, {{"lr", 1e-3}, {"weight_decay", 1e39}}, DESCEND_OK},
    {"adamw", 2, {{"lr", 0}, {"weight_decay", DBL_MAX}}, DESCEND_OK},
    {"adamw", 2, {{"lr", 1e30}, {"weight_decay", 1e-30}}, DESCEND_OK},
};

static void derived_coefficients(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(derived); i++) {
        struct call call = call_of(plain(derived[i].optimizer));
        char what[128] = "";
        call.step = derived[i].step;
        for (const struct setting *setting = derived[i].setting; setting->field; setting++) {
            const size_t length = strlen(what);
            set(&call, field_of(derived[i].optimizer, setting->field), setting->value);
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
            struct call call = call_of(plain("sgd"));
            const descend_sgd config = {
                .lr = 0.1, .momentum = cases[i].momentum, .dampening = cases[i].dampening, .nesterov = true};
            memcpy(call.subject.config, &config, sizeof config);
            call.step = step;
            for (call.n = 0; call.n <= CALL_N; call.n += CALL_N)
                if (cases[i].status == DESCEND_OK)
                    assert_accepted(&call, "momentum %a, dampening %a", cases[i].momentum, cases[i].dampening);
                else
                    assert_refused(&call, cases[i].status, "momentum %a, dampening %a", cases[i].momentum,
                                   cases[i].dampening);
        }
}

/* PyTorch 2.x's, and a good config as they are. */
static void defaults(void **state)
{
    (void)state;
    const descend_sgd sgd = descend_sgd_defaults();
    const descend_rmsprop rmsprop = descend_rmsprop_defaults();
    const descend_adam adam = descend_adam_defaults();
    const descend_adamw adamw = descend_adamw_defaults();
    assert_true(sgd.lr == 1e-3 && sgd.momentum == 0 && sgd.dampening == 0 && sgd.weight_decay == 0);
    assert_true(!sgd.nesterov && !sgd.maximize);
    assert_true(rmsprop.lr == 1e-2 && rmsprop.alpha == 0.99 && rmsprop.eps == 1e-8 && rmsprop.weight_decay == 0);
    assert_true(rmsprop.momentum == 0 && !rmsprop.centered && !rmsprop.maximize);
    assert_true(adam.lr == 1e-3 && adam.beta1 == 0.9 && adam.beta2 == 0.999 && adam.eps == 1e-8);
    assert_true(adam.weight_decay == 0 && !adam.amsgrad && !adam.maximize);
    assert_true(adamw.lr == 1e-3 && adamw.beta1 == 0.9 && adamw.beta2 == 0.999 && adamw.eps == 1e-8);
    assert_true(adamw.weight_decay == 1e-2 && !adamw.amsgrad && !adamw.maximize);
    assert_int_equal(descend_sgd_step(&sgd, 1, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
    assert_int_equal(descend_rmsprop_step(&rmsprop, 1, NULL, NULL, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
    assert_int_equal(descend_adam_step(&adam, 1, NULL, NULL, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
    assert_int_equal(descend_adamw_step(&adamw, 1, NULL, NULL, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
}

static void statuses(void **state)
{
    (void)state;
    /* As numbered in the header, for ever. */
    static const int numbers[] = {0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29};
    static const descend_status all[COUNT(numbers)] = {
        DESCEND_OK,           DESCEND_NULL_CONFIG,   DESCEND_NULL_ARRAY,
        DESCEND_MISALIGNED,   DESCEND_OVERLAP,       DESCEND_BAD_N,
        DESCEND_BAD_STEP,     DESCEND_BAD_RESERVED,  DESCEND_BAD_SLICE,
        DESCEND_BAD_THREADS,  DESCEND_BAD_ISA,       DESCEND_NO_ISA,
        DESCEND_BAD_SPLIT,    DESCEND_OVERFLOW,      DESCEND_BAD_LR,
        DESCEND_BAD_MOMENTUM, DESCEND_BAD_DAMPENING, DESCEND_BAD_WEIGHT_DECAY,
        DESCEND_BAD_NESTEROV, DESCEND_BAD_ALPHA,     DESCEND_BAD_EPS,
        DESCEND_BAD_BETA1,    DESCEND_BAD_BETA2};
    static const int unknown[] = {-1, 7, 9, 16, 19, 30, 99, 1000, 0x7fffffff};
    for (size_t i = 0; i < COUNT(all); i++) {
        assert_int_equal(all[i], numbers[i]);
        const char *text = descend_status_string(all[i]);
        assert_non_null(text);
        if (strlen(text) == 0 || text[strlen(text) - 1] == '.' || strchr(text, '\n'))
            fail_msg("status %d: \"%s\" is not one line without a full stop", numbers[i], text);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(text, descend_status_string(all[j]));
    }
    for (size_t i = 0; i < COUNT(unknown); i++) {
        assert_non_null(descend_status_string((descend_status)unknown[i]));
        assert_true(strlen(descend_status_string((descend_status)unknown[i])) > 0);
    }
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
        cmocka_unit_test(defaults),
        cmocka_unit_test(statuses),
        cmocka_unit_test(version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
