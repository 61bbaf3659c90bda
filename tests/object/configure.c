/* SPDX-License-Identifier: MIT */
/* Configs that change between steps: every change from one set of options to another and back, the learning rate by
 * itself, and two whose meaning is torch's: momentum and amsgrad switched on in the fifth step. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mirror.h"
#include "test.h"

static void take_step(struct mirror *mirror, uint64_t seed, const char *what, const struct configuration *before)
{
    mirror_gradients(mirror, ORDINARY, seed);
    mirror_step(mirror, NULL, NULL);
    assert_mirrored(mirror, "%s from %s", what, before->label);
}

static void assert_config(const struct mirror *mirror, unsigned group, const struct configuration *expected)
{
    descend_config found;
    assert_int_equal(descend_optimizer_config(mirror->optimizer, group, &found), DESCEND_OK);
    assert_config_equal(&found, &expected->config);
}

/* Two steps of one, two of the other, two of the one again: a state that was switched off is continued, as in torch. A
 * group beside keeps what it had. */
static void check_change(const struct configuration *one, const struct configuration *other)
{
    static const struct shape shapes[] = {
        {.n = 19}, {.n = 5, .group = 1}, {.n = 33, .step = 9}, {.n = 4097}, {.n = 21, .group = 1}};
    const struct configuration *const by_turns[] = {one, other, one};
    struct mirror mirror = mirror_new(one);
    mirror_group(&mirror, one);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (size_t turn = 0; turn < COUNT(by_turns); turn++) {
        if (turn > 0)
            mirror_configure(&mirror, 0, by_turns[turn]);
        assert_config(&mirror, 0, by_turns[turn]);
        assert_config(&mirror, 1, one);
        take_step(&mirror, 10 * turn + 1, "changed", one);
        take_step(&mirror, 10 * turn + 2, "changed", one);
    }
    mirror_free(&mirror);
}

static void every_change_and_back(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < count; i++)
            for (size_t j = 0; j < count; j++)
                if (strcmp(all[i].optimizer, all[j].optimizer) == 0)
                    check_change(&all[i], &all[j]);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

static void set_lr(struct configuration *configuration, double lr)
{
    assert_int_equal(descend_config_set(&configuration->config, "lr", lr), DESCEND_OK);
}

static void check_lr(const struct configuration *configuration)
{
    static const struct shape shapes[] = {{.n = 19}, {.n = 33, .group = 1}};
    struct mirror mirror = mirror_new(configuration);
    mirror_group(&mirror, configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (unsigned step = 1; step <= 6; step++) {
        const double lr = 0.01 / step;
        struct configuration changed = mirror.group[step % 2];
        set_lr(&changed, lr);
        if (step % 3 == 0)
            mirror_configure(&mirror, step % 2, &changed);
        else
            assert_int_equal(descend_optimizer_set_lr(mirror.optimizer, step % 2, lr), DESCEND_OK);
        mirror.group[step % 2] = changed;
        for (unsigned group = 0; group < 2; group++)
            assert_config(&mirror, group, &mirror.group[group]);
        take_step(&mirror, step, "lr", configuration);
    }
    mirror_free(&mirror);
}

static void learning_rates(void **state)
{
    (void)state;
    for_each_configuration(check_lr);
}

/* An object of one tensor, whose gradient in step t is t in each element. */
enum { N = 37 };
static float param[N], grad[N];

static descend_tensor tensor_of_zeros(void)
{
    memset(param, 0, sizeof param);
    return (descend_tensor){.name = "w", .n = N, .param.data = param, .grad.data = grad};
}

static void step_with(descend_optimizer *optimizer, float gradient)
{
    for (size_t i = 0; i < N; i++)
        grad[i] = gradient;
    assert_int_equal(descend_optimizer_step(optimizer, NULL, NULL), DESCEND_OK);
}

static const float *state_of(const descend_optimizer *optimizer, size_t k)
{
    descend_tensor now;
    assert_int_equal(descend_optimizer_tensor(optimizer, 0, &now, NULL), DESCEND_OK);
    return now.state[k].data;
}

static void assert_all(const float *array, float value)
{
    assert_non_null(array);
    for (size_t i = 0; i < N; i++)
        if (array[i] != value)
            fail_msg("%a in element %zu, not %a", (double)array[i], i, (double)value);
}

/* torch clones the gradient where the buffer is used for the first time, whatever the step: undampened. */
static void momentum_from_the_fifth_step(void **state)
{
    (void)state;
    descend_optimizer *optimizer;
    descend_sgd config = {.lr = 1};
    const descend_tensor tensor = tensor_of_zeros();
    assert_int_equal(descend_optimizer_create(&optimizer, &(descend_config){.kind = DESCEND_SGD, .sgd = config}),
                     DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    for (int step = 1; step <= 4; step++)
        step_with(optimizer, (float)step);
    assert_null(state_of(optimizer, 0));
    assert_all(param, -10);
    config.momentum = 0.5, config.dampening = 0.75;
    assert_int_equal(descend_optimizer_configure(optimizer, 0, &(descend_config){.kind = DESCEND_SGD, .sgd = config}),
                     DESCEND_OK);
    assert_null(state_of(optimizer, 0));
    step_with(optimizer, 5);
    assert_all(state_of(optimizer, 0), 5);
    assert_all(param, -15);
    step_with(optimizer, 6);
    assert_all(state_of(optimizer, 0), 4); /* 0.5 · 5 + 0.25 · 6 */
    assert_all(param, -19);
    descend_optimizer_destroy(optimizer);
}

/* The maximum starts at 0 there, below any average. */
static void amsgrad_from_the_fifth_step(void **state)
{
    (void)state;
    descend_optimizer *optimizer;
    descend_adam config = descend_adam_defaults();
    const descend_tensor tensor = tensor_of_zeros();
    config.beta2 = 0.5;
    assert_int_equal(descend_optimizer_create(&optimizer, &(descend_config){.kind = DESCEND_ADAM, .adam = config}),
                     DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    for (int step = 1; step <= 4; step++)
        step_with(optimizer, step < 4 ? 100 : 0);
    const float highest = state_of(optimizer, 1)[0];
    config.amsgrad = true;
    assert_int_equal(descend_optimizer_configure(optimizer, 0, &(descend_config){.kind = DESCEND_ADAM, .adam = config}),
                     DESCEND_OK);
    step_with(optimizer, 0);
    assert_all(state_of(optimizer, 1), highest / 2);
    assert_all(state_of(optimizer, 2), highest / 2);
    step_with(optimizer, 0);
    assert_all(state_of(optimizer, 1), highest / 4);
    assert_all(state_of(optimizer, 2), highest / 2);
    descend_optimizer_destroy(optimizer);
}

/* The caller's own buffer: with step 0 it is not read at its first use, however late; in use it is continued. */
static void own_momentum_from_the_fifth_step(void **state)
{
    (void)state;
    for (unsigned used = 0; used < 2; used++) {
        static float buffer[N];
        descend_optimizer *optimizer;
        descend_sgd config = {.lr = 1};
        descend_tensor tensor = tensor_of_zeros();
        tensor.state[0].data = buffer;
        tensor.step = used;
        for (size_t i = 0; i < N; i++)
            buffer[i] = used ? 8 : NAN;
        assert_int_equal(descend_optimizer_create(&optimizer, &(descend_config){.kind = DESCEND_SGD, .sgd = config}),
                         DESCEND_OK);
        assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
        for (int step = 1; step <= 4; step++)
            step_with(optimizer, 1);
        config.momentum = 0.5;
        assert_int_equal(
            descend_optimizer_configure(optimizer, 0, &(descend_config){.kind = DESCEND_SGD, .sgd = config}),
            DESCEND_OK);
        step_with(optimizer, 5);
        assert_ptr_equal(state_of(optimizer, 0), buffer);
        assert_all(buffer, used ? 9 : 5);
        descend_optimizer_destroy(optimizer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_change_and_back),
        cmocka_unit_test(learning_rates),
        cmocka_unit_test(momentum_from_the_fifth_step),
        cmocka_unit_test(amsgrad_from_the_fifth_step),
        cmocka_unit_test(own_momentum_from_the_fifth_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
