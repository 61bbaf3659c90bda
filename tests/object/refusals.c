/* SPDX-License-Identifier: MIT */
/* What the optimizer object's other functions refuse, each by its own status, with nothing changed in any group; the
 * next good call is as if nothing had been. Adding has a test of its own. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "executions.h"
#include "mirror.h"
#include "test.h"

static const struct shape two_groups[] = {{.n = 40, .copy = DESCEND_BF16},
                                          {.n = 5000, .step = 3, .own_state = true},
                                          {.n = 7, .group = 1, .copy = DESCEND_F16},
                                          {.n = 4097, .group = 1}};

static struct mirror with_two_groups(const struct configuration *configuration)
{
    struct mirror mirror = mirror_new(configuration);
    mirror_group(&mirror, configuration);
    mirror_add(&mirror, two_groups, COUNT(two_groups), ORDINARY, 1);
    mirror_step(&mirror, NULL, NULL);
    return mirror;
}

static void assert_status(const struct mirror *mirror, descend_status status, descend_status expected, const char *what)
{
    if (status != expected)
        fail_msg("%s, %s: %d (%s), not %d (%s)", mirror->group[0].label, what, (int)status,
                 descend_status_string(status), (int)expected, descend_status_string(expected));
    assert_mirrored(mirror, "%s", what);
}

/* Steps, measures and zeroes as this exec says. */
static void assert_all_refuse(struct mirror *mirror, const descend_exec *exec, descend_status expected,
                              const char *what)
{
    const descend_measurement untouched = {-1, -2, false};
    descend_measurement found = untouched;
    assert_status(mirror, descend_optimizer_step(mirror->optimizer, NULL, exec), expected, what);
    assert_status(mirror, descend_optimizer_check(mirror->optimizer, NULL, exec), expected, what);
    assert_status(mirror, descend_optimizer_zero_grad(mirror->optimizer, exec), expected, what);
    assert_status(mirror, descend_optimizer_measure(mirror->optimizer, exec, &found), expected, what);
    assert_true(found.norm == untouched.norm && found.norm_inf == untouched.norm_inf && !found.finite);
}

static void check_exec(const struct configuration *configuration)
{
    struct pool pool = {.order = FORWARD};
    const struct {
        const char *what;
        descend_exec exec;
        descend_status status;
    } cases[] = {
        {"slice 1 of 1", {.slice = 1, .slices = 1}, DESCEND_BAD_SLICE},
        {"slice 8 of 7", {.slice = 8, .slices = 7}, DESCEND_BAD_SLICE},
        {"slice beyond the most slices", {.slice = UINT_MAX, .slices = UINT_MAX}, DESCEND_BAD_SLICE},
        {"more slices than an object counts", {.slices = 1u << 30}, DESCEND_BAD_SLICE},
        {"slice without slices", {.slice = 1}, DESCEND_BAD_SLICE},
        {"slices with threads", {.slice = 1, .slices = 2, .threads = 1}, DESCEND_BAD_SPLIT},
        {"slices with run", {.slices = 2, .run = run_on_pool, .pool = &pool}, DESCEND_BAD_SPLIT},
        {"run with no threads", {.run = run_on_pool, .pool = &pool}, DESCEND_BAD_THREADS},
        {"reserved", {.reserved = {1}}, DESCEND_BAD_RESERVED},
        {"the last reserved", {.reserved = {[6] = UINTPTR_MAX / 2 + 1}}, DESCEND_BAD_RESERVED},
    };
    struct mirror mirror = with_two_groups(configuration), empty = mirror_new(configuration);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_all_refuse(&mirror, &cases[i].exec, cases[i].status, cases[i].what);
        assert_all_refuse(&empty, &cases[i].exec, cases[i].status, cases[i].what);
    }
    assert_int_equal(pool.calls, 0);
    mirror_step(&mirror, NULL, NULL);
    assert_mirrored(&mirror, "after bad execs");
    mirror_free(&mirror);
    mirror_free(&empty);
}

static void bad_exec(void **state)
{
    (void)state;
    for_each_structure(check_exec);
}

/* A step that is refused, by all slices and without a call of run; then one that is not. */
static void check_step_refused(struct mirror *mirror, const descend_pass *pass, descend_status expected,
                               const char *what)
{
    struct pool pool = {.order = FORWARD};
    const descend_exec how[] = {{.threads = 1},
                                {.threads = 3, .serial_below = 1},
                                {.threads = 3, .run = run_on_pool, .pool = &pool},
                                {.slice = 2, .slices = 3},
                                {.slice = 0, .slices = 3},
                                {.slice = 1, .slices = 3}};
    for (size_t i = 0; i < COUNT(how); i++) {
        const bool sliced = how[i].slices > 0 && !mirror->group[0].in_slices;
        const descend_status status = sliced ? DESCEND_NO_SLICES : expected;
        assert_status(mirror, descend_optimizer_step(mirror->optimizer, pass, &how[i]), status, what);
        assert_status(mirror, descend_optimizer_check(mirror->optimizer, pass, &how[i]), status, what);
    }
    assert_int_equal(pool.calls, 0);
}

static void check_pass(const struct configuration *configuration)
{
    static const double bad[] = {-1, -0x1p-1074, NAN, INFINITY, -INFINITY, 0x1p128, 1e300, 0x1.ffffffp127};
    static const double good[] = {-0.0, 0x1p-1074, 0x1.fffffefffffffp127};
    struct mirror mirror = with_two_groups(configuration);
    for (size_t i = 0; i < COUNT(bad); i++) {
        const descend_pass pass = {.grad_scale = &bad[i], .zero_grad = true, .flush_subnormals = true};
        check_step_refused(&mirror, &pass, DESCEND_BAD_GRAD_SCALE, "grad_scale");
    }
    for (size_t word = 0; word < 8; word++) {
        descend_pass pass = {.zero_grad = true};
        pass.reserved[word] = (uintptr_t)1 << 8 * (word % sizeof(uintptr_t));
        check_step_refused(&mirror, &pass, DESCEND_BAD_RESERVED, "reserved of pass");
    }
    for (size_t i = 0; i < COUNT(good); i++) {
        mirror_step(&mirror, &(descend_pass){.grad_scale = &good[i]}, NULL);
        assert_mirrored(&mirror, "grad_scale %a", good[i]);
    }
    mirror_free(&mirror);
}

static void bad_pass(void **state)
{
    (void)state;
    for_each_structure(check_pass);
}

/* One tensor, here or there, has taken all steps that there are. */
static void check_last_step(const struct configuration *configuration)
{
    for (size_t last = 0; last < COUNT(two_groups); last++) {
        struct mirror mirror = mirror_new(configuration);
        struct shape shapes[COUNT(two_groups)];
        memcpy(shapes, two_groups, sizeof shapes);
        shapes[last].step = STEP_MAX - 1;
        mirror_group(&mirror, configuration);
        mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
        mirror_step(&mirror, NULL, NULL);
        assert_mirrored(&mirror, "the last step");
        check_step_refused(&mirror, &(descend_pass){.zero_grad = true}, DESCEND_BAD_STEP, "a step beyond the last");
        mirror_absent(&mirror, last, true);
        mirror_step(&mirror, NULL, NULL);
        assert_mirrored(&mirror, "without the tensor that has had its last step");
        mirror_free(&mirror);
    }
}

static void a_step_beyond_the_last(void **state)
{
    (void)state;
    for_each_structure(check_last_step);
}

/* Every number of a config, spoiled: the status of the flat function's first step, from all that take a config; also
 * where only the coefficients derived from it overflow. */
static void check_config(const struct configuration *configuration)
{
    static const double values[] = {NAN, INFINITY, -1, -0x1p-1074, 1, 3e38, 1e39};
    struct mirror mirror = with_two_groups(configuration);
    for (size_t i = 0; i < descend_kind_field_count(configuration->kind); i++)
        for (size_t v = 0; v < COUNT(values) && !descend_kind_field(configuration->kind, i)->flag; v++) {
            struct configuration bad = *configuration;
            const size_t at = descend_kind_field(configuration->kind, i)->offset;
            descend_optimizer *created = (void *)&mirror;
            float *const none[CONFIGURATION_STATES] = {NULL};
            unsigned group = 77;
            memcpy((char *)bad.config.room + at, &values[v], sizeof(double));
            const descend_status expected = bad.step(bad.config.room, 1, NULL, NULL, none, 0, NULL);
            if (expected == DESCEND_OK)
                continue;
            assert_status(&mirror, descend_optimizer_create(&created, &bad.config), expected, "create");
            assert_ptr_equal(created, &mirror);
            assert_status(&mirror, descend_optimizer_group(mirror.optimizer, &bad.config, &group), expected, "group");
            assert_int_equal(group, 77);
            assert_status(&mirror, descend_optimizer_configure(mirror.optimizer, 1, &bad.config), expected,
                          "configure");
            if (at == 0)
                assert_status(&mirror, descend_optimizer_set_lr(mirror.optimizer, 1, values[v]), expected, "set_lr");
        }
    assert_int_equal(descend_optimizer_group_count(mirror.optimizer), 2);
    mirror_step(&mirror, NULL, NULL);
    assert_mirrored(&mirror, "after bad configs");
    mirror_free(&mirror);
}

static void bad_configs(void **state)
{
    (void)state;
    for_each_structure(check_config);
}

static void check_other_optimizers(const struct configuration *configuration)
{
    size_t count;
    const struct configuration *all = configurations(&count);
    struct mirror mirror = with_two_groups(configuration);
    for (size_t i = 0; i < count; i++) {
        const struct configuration other = all[i];
        unsigned group = 77;
        if (strcmp(other.optimizer, configuration->optimizer) == 0)
            continue;
        assert_status(&mirror, descend_optimizer_group(mirror.optimizer, &other.config, &group),
                      DESCEND_WRONG_OPTIMIZER, "group");
        assert_int_equal(group, 77);
        assert_status(&mirror, descend_optimizer_configure(mirror.optimizer, 0, &other.config), DESCEND_WRONG_OPTIMIZER,
                      "configure");
    }
    for (int kind = -1; kind <= (int)descend_kind_count() + 1; kind++) {
        const descend_config config = {.kind = (descend_kind)kind};
        descend_optimizer *created = (void *)&mirror;
        if (kind >= 1 && kind <= (int)descend_kind_count())
            continue;
        assert_status(&mirror, descend_optimizer_create(&created, &config), DESCEND_BAD_KIND, "create");
        assert_ptr_equal(created, &mirror);
        assert_status(&mirror, descend_optimizer_group(mirror.optimizer, &config, NULL), DESCEND_WRONG_OPTIMIZER,
                      "group");
    }
    assert_int_equal(descend_optimizer_group_count(mirror.optimizer), 2);
    mirror_free(&mirror);
}

static void configs_of_other_optimizers(void **state)
{
    (void)state;
    for_each_structure(check_other_optimizers);
}

static void check_numbers(const struct configuration *configuration)
{
    static const unsigned groups[] = {2, 3, UINT_MAX};
    static const size_t tensors[] = {4, 5, SIZE_MAX};
    static float elsewhere[5000];
    struct mirror mirror = with_two_groups(configuration);
    struct configuration untouched = *configuration;
    for (size_t i = 0; i < COUNT(groups); i++) {
        descend_optimizer *const object = mirror.optimizer;
        assert_status(&mirror, descend_optimizer_configure(object, groups[i], &configuration->config),
                      DESCEND_BAD_GROUP, "configure");
        assert_status(&mirror, descend_optimizer_config(object, groups[i], &untouched.config), DESCEND_BAD_GROUP,
                      "config");
        assert_config_equal(&untouched.config, &configuration->config);
        assert_status(&mirror, descend_optimizer_set_lr(object, groups[i], 0.1), DESCEND_BAD_GROUP, "set_lr");
        descend_tensor out = {.n = 77};
        assert_status(&mirror, descend_optimizer_tensor(object, tensors[i], &out, NULL), DESCEND_BAD_TENSOR, "tensor");
        assert_int_equal(out.n, 77);
        assert_status(&mirror, descend_optimizer_set_grad(object, tensors[i], elsewhere), DESCEND_BAD_TENSOR,
                      "set_grad");
    }
    mirror_free(&mirror);
}

static void bad_numbers(void **state)
{
    (void)state;
    for_each_structure(check_numbers);
}

/* A gradient over another array of its tensor, or not where floats can be; the one before stays. */
static void check_set_grad(const struct configuration *configuration)
{
    struct mirror mirror = with_two_groups(configuration);
    for (size_t i = 0; i < mirror.count; i++) {
        descend_tensor now;
        assert_int_equal(descend_optimizer_tensor(mirror.optimizer, i, &now, NULL), DESCEND_OK);
        const descend_array others[] = {now.param, now.copy, now.state[0], now.state[1], now.state[2]};
        for (size_t k = 0; k < COUNT(others); k++)
            if (others[k].data && (k < 2 || configuration->used >> (k - 2) & 1)) {
                const size_t length = k < 2 ? now.n : descend_optimizer_state_length(mirror.optimizer, i, k - 2);
                float *const last = (float *)others[k].data + (k == 1 ? now.n / 2 : length) - 1;
                assert_status(&mirror, descend_optimizer_set_grad(mirror.optimizer, i, others[k].data), DESCEND_OVERLAP,
                              "set_grad over another array");
                assert_status(&mirror, descend_optimizer_set_grad(mirror.optimizer, i, last), DESCEND_OVERLAP,
                              "set_grad over the end of another array");
            }
        for (unsigned bytes = 1; bytes <= 3; bytes++)
            assert_status(&mirror,
                          descend_optimizer_set_grad(mirror.optimizer, i, (void *)((uintptr_t)now.grad.data + bytes)),
                          DESCEND_MISALIGNED, "set_grad");
        assert_status(&mirror, descend_optimizer_set_grad(mirror.optimizer, i, (void *)(UINTPTR_MAX - 3)),
                      DESCEND_BAD_N, "set_grad beyond the address space");
    }
    mirror_step(&mirror, NULL, NULL);
    assert_mirrored(&mirror, "after bad gradients");
    mirror_free(&mirror);
}

static void bad_gradients(void **state)
{
    (void)state;
    for_each_structure(check_set_grad);
}

static void check_null(const struct configuration *configuration)
{
    struct mirror mirror = with_two_groups(configuration);
    struct configuration config = *configuration;
    descend_optimizer *created = (void *)&mirror;
    descend_tensor tensor = {.name = "w"};
    descend_measurement found;
    unsigned group = 77;
    const descend_allocator allocator = {NULL, NULL, NULL};
    assert_int_equal(descend_optimizer_create(NULL, &configuration->config), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_group(NULL, &configuration->config, &group), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_config(NULL, 0, &config.config), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_configure(NULL, 0, &configuration->config), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_set_allocator(NULL, &allocator), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_add(NULL, 0, &tensor, 1), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_set_grad(NULL, 0, NULL), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_set_lr(NULL, 0, 0.1), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_zero_grad(NULL, NULL), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_step(NULL, NULL, NULL), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_measure(NULL, NULL, &found), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_tensor(NULL, 0, &tensor, NULL), DESCEND_NULL_OPTIMIZER);
    assert_int_equal(descend_optimizer_measure(mirror.optimizer, NULL, NULL), DESCEND_NULL_MEASUREMENT);
    assert_int_equal(descend_optimizer_create(&created, NULL), DESCEND_NULL_CONFIG);
    assert_ptr_equal(created, &mirror);
    assert_int_equal(descend_optimizer_group(mirror.optimizer, NULL, &group), DESCEND_NULL_CONFIG);
    assert_int_equal(group, 77);
    assert_status(&mirror, descend_optimizer_configure(mirror.optimizer, 0, NULL), DESCEND_NULL_CONFIG, "configure");
    assert_status(&mirror, descend_optimizer_config(mirror.optimizer, 0, NULL), DESCEND_NULL_CONFIG, "config");
    assert_int_equal(descend_optimizer_group_count(mirror.optimizer), 2);
    descend_optimizer_destroy(NULL);
    mirror_free(&mirror);
}

static void null_arguments(void **state)
{
    (void)state;
    for_each_structure(check_null);
}

/* DESCEND_ISA is in error, as main has set it: first of all tests, and the last that sees it. */
static void no_variant(void **state)
{
    (void)state;
    static const struct shape shape = {.n = 5000};
    struct mirror mirror = mirror_new(configurations(&(size_t){0}));
    mirror_add(&mirror, &shape, 1, ORDINARY, 1);
    assert_string_equal(descend_isa_active(), "none");
    check_step_refused(&mirror, &(descend_pass){.zero_grad = true}, DESCEND_NO_ISA, "no variant");
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    mirror_step(&mirror, NULL, NULL);
    assert_mirrored(&mirror, "after force");
    mirror_free(&mirror);
}

int main(void)
{
    setenv("DESCEND_ISA", "no such variant", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_variant),     cmocka_unit_test(bad_exec),
        cmocka_unit_test(bad_pass),       cmocka_unit_test(a_step_beyond_the_last),
        cmocka_unit_test(bad_configs),    cmocka_unit_test(configs_of_other_optimizers),
        cmocka_unit_test(bad_numbers),    cmocka_unit_test(bad_gradients),
        cmocka_unit_test(null_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
