/* SPDX-License-Identifier: MIT */
/* The optimizer object takes the steps of the flat functions, tensor by tensor and bit by bit: groups, absent
 * gradients, step counts, the caller's own state; and it tells what it has. */
#include <stdio.h>
#include <string.h>

#include "mirror.h"
#include "test.h"

enum { STEPS = 5 };

/* The first configuration of each optimizer: the check goes over its others itself. */
static void for_each_optimizer(void (*check)(const struct configuration *configuration))
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(all[i].optimizer, all[i - 1].optimizer) != 0)
            check(&all[i]);
}

static void take_steps(struct mirror *mirror, enum data_kind kind, const char *what)
{
    for (unsigned step = 1; step <= STEPS; step++) {
        mirror_gradients(mirror, kind, 1000 * step);
        mirror_step(mirror, NULL, NULL);
        assert_mirrored(mirror, "%s, %s data", what, data_kind_names[kind]);
    }
}

static void check_sizes(const struct configuration *configuration)
{
    static const struct shape shapes[] = {{.n = 0}, {.n = 1},   {.n = 3},    {.n = 16},
                                          {.n = 0}, {.n = 101}, {.n = 4096}, {.n = 4097}};
    for (enum data_kind kind = 0; kind < DATA_KINDS; kind++) {
        struct mirror mirror = mirror_new(configuration);
        mirror_add(&mirror, shapes, COUNT(shapes), kind, kind);
        take_steps(&mirror, kind, "sizes");
        mirror_free(&mirror);
    }
}

static void every_optimizer_and_size(void **state)
{
    (void)state;
    for_each_configuration(check_sizes);
}

/* All configurations of one optimizer as groups of one object, their tensors interleaved. */
static void check_groups(const struct configuration *first)
{
    size_t count;
    const struct configuration *const end = configurations(&count) + count;
    struct mirror mirror = mirror_new(first);
    for (const struct configuration *next = first + 1; next < end && next->optimizer == first->optimizer; next++)
        mirror_group(&mirror, next);
    assert_int_equal(descend_optimizer_group_count(mirror.optimizer), mirror.groups);
    for (unsigned round = 0; round < 3; round++)
        for (unsigned group = 0; group < mirror.groups; group++) {
            const struct shape shapes[] = {{.n = 5 * round + group, .group = group}, {.n = 33, .group = group}};
            mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, round);
        }
    for (size_t i = 0; i < mirror.count; i++) {
        unsigned group = UINT32_MAX;
        descend_tensor tensor;
        assert_int_equal(descend_optimizer_tensor(mirror.optimizer, i, &tensor, &group), DESCEND_OK);
        assert_int_equal(group, mirror.twin[i].shape.group);
    }
    take_steps(&mirror, ORDINARY, "groups");
    mirror_free(&mirror);
}

static void groups_of_one_object(void **state)
{
    (void)state;
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for_each_optimizer(check_groups);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* Tensor i's gradient is there in the steps whose bit is set. zero_grad, like step, touches nothing of the others. */
static void check_absent(const struct configuration *configuration)
{
    static const unsigned present[] = {0x1f, 0, 0x15, 0x0a, 0x10, 0x01, 0x1e};
    static const struct shape shapes[COUNT(present)] = {
        {.n = 9, .copy = DESCEND_BF16},
        {.n = 10, .absent = true, .copy = DESCEND_F16},
        {.n = 4097, .own_state = true},
        {.n = 12, .absent = true},
        {.n = 13, .absent = true, .step = 7, .own_state = true},
        {.n = 14, .copy = DESCEND_F16},
        {.n = 15, .absent = true, .own_state = true},
    };
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (unsigned step = 0; step < STEPS; step++) {
        const descend_pass pass = {.zero_grad = step % 2};
        mirror_gradients(&mirror, ORDINARY, 100 * step);
        for (size_t i = 0; i < COUNT(present); i++)
            mirror_absent(&mirror, i, !(present[i] >> step & 1));
        mirror_step(&mirror, &pass, NULL);
        assert_mirrored(&mirror, "absent gradients");
        assert_int_equal(descend_optimizer_zero_grad(mirror.optimizer, NULL), DESCEND_OK);
        for (size_t i = 0; i < COUNT(present); i++)
            if (!mirror.twin[i].shape.absent)
                memset(mirror.twin[i].plain.array[GRAD], 0, mirror.twin[i].shape.n * sizeof(float));
        assert_mirrored(&mirror, "absent gradients after zero_grad");
    }
    for (size_t i = 0; i < COUNT(present); i++)
        assert_int_equal(mirror.twin[i].shape.step, shapes[i].step + (unsigned)__builtin_popcount(present[i]));
    mirror_free(&mirror);
}

static void absent_gradients(void **state)
{
    (void)state;
    for_each_configuration(check_absent);
}

/* The gradient elsewhere in every step. */
static void check_moving(const struct configuration *configuration)
{
    static const struct shape shape = {.n = 77};
    static float ring[3][77];
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, &shape, 1, ORDINARY, 1);
    for (unsigned step = 0; step < STEPS; step++) {
        mirror_gradients(&mirror, ORDINARY, step);
        memcpy(ring[step % 3], mirror.twin[0].given.array[GRAD], sizeof ring[0]);
        assert_int_equal(descend_optimizer_set_grad(mirror.optimizer, 0, ring[step % 3]), DESCEND_OK);
        mirror_step(&mirror, NULL, NULL);
        assert_mirrored(&mirror, "moving gradient");
    }
    mirror_free(&mirror);
}

static void moving_gradients(void **state)
{
    (void)state;
    for_each_configuration(check_moving);
}

/* Counts apart in one object: each tensor's own coefficients. With a count and no state, the state is fresh. */
static void check_counts(const struct configuration *configuration)
{
    static const uint64_t steps[] = {0, 1, 2, 0, 10, 1000, 1000000, (UINT64_C(1) << 53) - STEPS};
    struct shape shapes[2 * COUNT(steps)];
    for (size_t i = 0; i < COUNT(shapes); i++)
        shapes[i] = (struct shape){.n = 20 + i, .step = steps[i / 2], .own_state = i % 2};
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 3);
    take_steps(&mirror, ORDINARY, "step counts and the caller's state");
    mirror_free(&mirror);
}

static void step_counts_and_own_state(void **state)
{
    (void)state;
    for_each_configuration(check_counts);
}

/* What was the caller's stays as the last step left it, also after the object is gone. */
static void check_ownership(const struct configuration *configuration)
{
    static const struct shape shape = {.n = 100, .step = 4, .own_state = true};
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, &shape, 1, ORDINARY, 3);
    mirror_step(&mirror, NULL, NULL);
    descend_optimizer_destroy(mirror.optimizer);
    mirror.optimizer = NULL;
    assert_same_arrays(configuration, &mirror.twin[0].given, &mirror.twin[0].plain, "after destroy");
    mirror_free(&mirror);
}

static void own_state_outlives_the_object(void **state)
{
    (void)state;
    for_each_configuration(check_ownership);
}

static void check_no_tensors(const struct configuration *configuration)
{
    descend_measurement found = {-1, -1, false};
    struct mirror mirror = mirror_new(configuration);
    mirror_step(&mirror, NULL, NULL);
    for (unsigned slice = 0; slice < 3 && configuration->in_slices; slice++)
        mirror_step(&mirror, NULL, &(descend_exec){.slice = slice, .slices = 3});
    assert_int_equal(descend_optimizer_zero_grad(mirror.optimizer, NULL), DESCEND_OK);
    assert_int_equal(descend_optimizer_measure(mirror.optimizer, NULL, &found), DESCEND_OK);
    assert_true(found.norm == 0 && found.norm_inf == 0 && found.finite);
    assert_int_equal(descend_optimizer_add(mirror.optimizer, 0, NULL, 0), DESCEND_OK);
    assert_int_equal(descend_optimizer_tensor_count(mirror.optimizer), 0);
    assert_int_equal(descend_optimizer_find(mirror.optimizer, "tensor.0"), 0);
    mirror_free(&mirror);
}

static void no_tensors(void **state)
{
    (void)state;
    for_each_configuration(check_no_tensors);
}

/* Tensor i as given; a state shows from the first step on that uses it. */
static void check_tensor(const struct mirror *mirror, size_t i, bool stepped)
{
    const struct twin *twin = &mirror->twin[i];
    const descend_tensor given = mirror_tensor(mirror, i);
    descend_tensor now;
    memset(&now, 0xa5, sizeof now);
    assert_int_equal(descend_optimizer_tensor(mirror->optimizer, i, &now, NULL), DESCEND_OK);
    assert_string_equal(now.name, given.name);
    assert_ptr_not_equal(now.name, given.name);
    assert_int_equal(now.n, given.n);
    assert_int_equal(now.step, twin->shape.step);
    assert_ptr_equal(now.param.data, given.param.data);
    assert_ptr_equal(now.grad.data, given.grad.data);
    assert_ptr_equal(now.copy.data, given.copy.data);
    assert_int_equal(now.param.dtype, DESCEND_F32);
    if (given.copy.data)
        assert_int_equal(now.copy.dtype, given.copy.dtype);
    for (unsigned k = 0; k < DESCEND_STATES; k++) {
        const bool has_values = given.state[k].data && given.step > 0 && !stepped;
        if (has_values || (stepped && (mirror->group[0].used >> k & 1)))
            assert_true(now.state[k].data && (!given.state[k].data || now.state[k].data == given.state[k].data));
        else if (!stepped)
            assert_null(now.state[k].data);
    }
    assert_int_equal(descend_optimizer_find(mirror->optimizer, given.name), i);
}

static void check_enumeration(const struct configuration *configuration)
{
    static const struct shape shapes[] = {
        {.n = 3, .copy = DESCEND_BF16}, {.n = 5, .own_state = true}, {.n = 7, .own_state = true, .step = 1}};
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 3);
    assert_int_equal(descend_optimizer_kind(mirror.optimizer), configuration->kind);
    assert_int_equal(descend_optimizer_group_count(mirror.optimizer), 1);
    assert_int_equal(descend_optimizer_tensor_count(mirror.optimizer), COUNT(shapes));
    assert_int_equal(descend_optimizer_find(mirror.optimizer, "tensor"), COUNT(shapes));
    for (int step = 0; step < 2; step++) {
        for (size_t i = 0; i < COUNT(shapes); i++)
            check_tensor(&mirror, i, step > 0);
        mirror_step(&mirror, NULL, NULL);
    }
    mirror_free(&mirror);
}

static void enumeration(void **state)
{
    (void)state;
    for_each_configuration(check_enumeration);
    assert_int_equal(descend_optimizer_group_count(NULL), 0);
    assert_int_equal(descend_optimizer_tensor_count(NULL), 0);
    assert_int_equal(descend_optimizer_find(NULL, "tensor.0"), 0);
    assert_int_equal(descend_optimizer_kind(NULL), DESCEND_KIND_NONE);
}

/* Names are the object's own copies; found among many, also those that a later call adds. */
static void many_names(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    const descend_sgd config = descend_sgd_defaults();
    descend_optimizer *optimizer;
    char name[400];
    assert_int_equal(descend_optimizer_create(&optimizer, &(descend_config){.kind = DESCEND_SGD, .sgd = config}),
                     DESCEND_OK);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "%0*zu", (int)(1 + i * 7919 % 390), i);
        const descend_tensor tensor = {.name = name};
        assert_int_equal(descend_optimizer_find(optimizer, name), i);
        assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
        assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_DUPLICATE_NAME);
    }
    for (size_t i = 0; i < MANY; i++) {
        descend_tensor tensor;
        snprintf(name, sizeof name, "%0*zu", (int)(1 + i * 7919 % 390), i);
        assert_int_equal(descend_optimizer_find(optimizer, name), i);
        assert_int_equal(descend_optimizer_tensor(optimizer, i, &tensor, NULL), DESCEND_OK);
        assert_string_equal(tensor.name, name);
    }
    assert_int_equal(descend_optimizer_find(optimizer, "none"), MANY);
    assert_int_equal(descend_optimizer_find(optimizer, NULL), MANY);
    descend_optimizer_destroy(optimizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_optimizer_and_size),
        cmocka_unit_test(groups_of_one_object),
        cmocka_unit_test(absent_gradients),
        cmocka_unit_test(moving_gradients),
        cmocka_unit_test(step_counts_and_own_state),
        cmocka_unit_test(own_state_outlives_the_object),
        cmocka_unit_test(no_tensors),
        cmocka_unit_test(enumeration),
        cmocka_unit_test(many_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
