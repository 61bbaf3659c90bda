/* SPDX-License-Identifier: MIT */
/* NAdam's mu_product in the optimizer object, one number of each tensor: beside groups of other schedules, through
 * absent gradients and changed configs, restored, and refused where it is the caller's own and bad. What holds for
 * every state is in the other tests. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "executions.h"
#include "mirror.h"
#include "test.h"

enum { MU_PRODUCT = 2, STEPS = 12 };

static struct configuration nadam_with(double beta1, double momentum_decay)
{
    size_t count;
    const struct configuration *all = configurations(&count);
    descend_nadam config = descend_nadam_defaults();
    size_t i = 0;
    while (strcmp(all[i].optimizer, "nadam") != 0)
        i++;
    struct configuration configuration = all[i];
    config.beta1 = beta1, config.momentum_decay = momentum_decay;
    configuration.config.nadam = config;
    return configuration;
}

static float product_of(const descend_optimizer *optimizer, size_t tensor)
{
    descend_tensor now;
    assert_int_equal(descend_optimizer_tensor(optimizer, tensor, &now, NULL), DESCEND_OK);
    assert_non_null(now.state[MU_PRODUCT].data);
    return *(float *)now.state[MU_PRODUCT].data;
}

static void lengths(void **state)
{
    (void)state;
    static const struct shape shapes[] = {{.n = 0}, {.n = 1}, {.n = 5000}, {.n = 7, .own_state = true, .step = 3}};
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t s = 0; s < count; s++) {
        struct mirror mirror = mirror_new(&all[s]);
        mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
        for (size_t i = 0; i < COUNT(shapes); i++)
            for (size_t k = 0; k < CONFIGURATION_STATES + 1; k++) {
                const bool scalar = strcmp(all[s].optimizer, "nadam") == 0 && k == MU_PRODUCT;
                const size_t n = k >= all[s].states ? 0 : scalar && shapes[i].n > 0 ? 1 : shapes[i].n;
                assert_int_equal(descend_optimizer_state_length(mirror.optimizer, i, k), n);
            }
        assert_int_equal(descend_optimizer_state_length(mirror.optimizer, COUNT(shapes), 0), 0);
        assert_int_equal(descend_optimizer_state_length(mirror.optimizer, SIZE_MAX, SIZE_MAX), 0);
        mirror_free(&mirror);
    }
    assert_int_equal(descend_optimizer_state_length(NULL, 0, 0), 0);
}

static const struct shape in_groups[] = {
    {.n = 40},
    {.n = 5000, .group = 1},
    {.n = 0},
    {.n = 41},
    {.n = 42, .group = 1, .own_state = true},
    {.n = 4097, .step = 2, .own_state = true}, /* these four differ in mu_product alone */
    {.n = 43, .step = 2, .own_state = true},
    {.n = 43, .step = 2},
    {.n = 0, .step = 2},
    {.n = 9, .group = 2},
};

static struct mirror with_groups(void)
{
    const struct configuration configuration[] = {nadam_with(0.9, 4e-3), nadam_with(0.9, 0.1), nadam_with(0.99, 4e-3)};
    struct mirror mirror = mirror_new(&configuration[0]);
    mirror_group(&mirror, &configuration[1]);
    mirror_group(&mirror, &configuration[2]);
    mirror_add(&mirror, in_groups, COUNT(in_groups), ORDINARY, 1);
    return mirror;
}

static descend_status step(void *optimizer, const descend_exec *exec)
{
    return descend_optimizer_step(optimizer, NULL, exec);
}

/* In every way, slices among them: the product is the same through a step, whichever part ends last. */
static void check_execution(const struct execution *execution, unsigned parts)
{
    struct mirror mirror = with_groups();
    for (unsigned number = 0; number < STEPS; number++) {
        const struct configuration changed = nadam_with(0.95 - 0.01 * number, 0.01 * number);
        if (number % 3 == 2)
            mirror_configure(&mirror, number % 2, &changed);
        mirror_gradients(&mirror, ORDINARY, number);
        for (size_t i = 0; i < COUNT(in_groups); i++)
            mirror_absent(&mirror, i, (number * 5 + i * 3) % 4 == 0);
        mirror_expect(&mirror, NULL);
        assert_int_equal(execution->make(step, mirror.optimizer, parts), DESCEND_OK);
        assert_mirrored(&mirror, "%s in %u, step %u", execution->name, parts, number);
    }
    mirror_free(&mirror);
}

static void other_schedules_and_absent_gradients(void **state)
{
    (void)state;
    for (const struct execution *execution = executions; execution->name; execution++)
        for (unsigned parts = 1; parts <= 5; parts += 2)
            check_execution(execution, parts);
}

/* By hand: 1 by the first momentum, that by the second; a skipped step is none; configs from the next step on. */
static void the_product_itself(void **state)
{
    (void)state;
    const struct configuration configuration = nadam_with(0.9, 4e-3), other = nadam_with(0.5, 0);
    static const struct shape shape = {.n = 3};
    struct mirror mirror = mirror_new(&configuration);
    mirror_add(&mirror, &shape, 1, ORDINARY, 1);
    mirror_step(&mirror, NULL, NULL);
    const float first = (float)(0.9 * (1 - 0.5 * pow(0.96, 4e-3)));
    assert_true(product_of(mirror.optimizer, 0) == first);
    mirror_absent(&mirror, 0, true);
    mirror_step(&mirror, NULL, NULL);
    assert_true(product_of(mirror.optimizer, 0) == first);
    mirror_absent(&mirror, 0, false);
    mirror_step(&mirror, NULL, NULL);
    const float second = first * (float)(0.9 * (1 - 0.5 * pow(0.96, 2 * 4e-3)));
    assert_true(product_of(mirror.optimizer, 0) == second);
    mirror_configure(&mirror, 0, &other);
    assert_true(product_of(mirror.optimizer, 0) == second);
    mirror_step(&mirror, NULL, NULL);
    assert_true(product_of(mirror.optimizer, 0) == second * 0.25f);
    mirror_free(&mirror);
}

static descend_config config_of(void *optimizer, unsigned group)
{
    descend_config config;
    assert_int_equal(descend_optimizer_config(optimizer, group, &config), DESCEND_OK);
    return config;
}

static descend_tensor tensor_of(void *optimizer, size_t number)
{
    descend_tensor tensor = {.n = 0};
    assert_int_equal(descend_optimizer_tensor(optimizer, number, &tensor, NULL), DESCEND_OK);
    return tensor;
}

/* An object that has gone another way is restored to this one, and goes on as this one does. */
static void restored_in_the_middle(void **state)
{
    (void)state;
    for (unsigned middle = 1; middle < 5; middle++) {
        struct mirror mirror = with_groups(), other = with_groups();
        const descend_snapshot snapshot = {.config = config_of, .tensor = tensor_of, .context = mirror.optimizer};
        for (unsigned number = 0; number < 5 + middle; number++) {
            const struct configuration changed = nadam_with(0.8, 0.3);
            if (number == 3)
                mirror_configure(&other, 0, &changed);
            mirror_step(number < middle ? &mirror : &other, NULL, NULL);
        }
        assert_int_equal(descend_optimizer_restore(other.optimizer, &snapshot), DESCEND_OK);
        for (size_t i = 0; i < other.count; i++) {
            other.twin[i].shape.step = mirror.twin[i].shape.step;
            other.twin[i].initialised = mirror.twin[i].initialised;
            for (size_t k = 0; k < ARRAYS; k++) {
                memcpy(other.twin[i].plain.array[k], mirror.twin[i].plain.array[k],
                       mirror.twin[i].shape.n * sizeof(float));
                if (k < STATE)
                    memcpy(other.twin[i].given.array[k], mirror.twin[i].given.array[k],
                           mirror.twin[i].shape.n * sizeof(float));
            }
        }
        memcpy(other.group, mirror.group, sizeof other.group);
        for (unsigned number = 0; number < 4; number++) {
            mirror_step(&other, NULL, NULL);
            assert_mirrored(&other, "restored after %u steps, %u more", middle, number);
        }
        mirror_free(&mirror);
        mirror_free(&other);
    }
}

/* A snapshot with another product in its last tensor. */
static float other_product;

static descend_tensor tensor_with_other_product(void *context, size_t number)
{
    descend_tensor tensor = tensor_of(context, number);
    if (number + 1 == descend_optimizer_tensor_count(context))
        tensor.state[MU_PRODUCT].data = &other_product;
    return tensor;
}

/* Reads an array of that snapshot. */
static descend_status read_array(void *context, size_t number, size_t state, const descend_array *to)
{
    const descend_tensor tensor = tensor_with_other_product(context, number);
    const descend_array *from = state == DESCEND_STATES ? &tensor.param : &tensor.state[state];
    memcpy(to->data, from->data, (state == MU_PRODUCT ? 1 : tensor.n) * sizeof(float));
    return DESCEND_OK;
}

static void check_pasts(descend_status (*read)(void *, size_t, size_t, const descend_array *))
{
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY, -0.25f, -0x1p-149f, 0x1.000002p0f, 10};
    static const float good[] = {0, -0.0f, 0x1p-149f, 0.25f, 0x1.fffffep-1f, 1};
    struct mirror mirror = with_groups();
    mirror_step(&mirror, NULL, NULL);
    const descend_snapshot snapshot = {
        .config = config_of, .tensor = tensor_with_other_product, .read = read, .context = mirror.optimizer};
    for (size_t i = 0; i < COUNT(bad); i++) {
        other_product = bad[i];
        assert_int_equal(descend_optimizer_restore(mirror.optimizer, &snapshot), DESCEND_BAD_MU_PRODUCT);
        assert_mirrored(&mirror, "after a snapshot with mu_product %a", (double)bad[i]);
    }
    for (size_t i = 0; i < COUNT(good); i++) {
        struct mirror other = with_groups();
        other_product = good[i];
        assert_int_equal(descend_optimizer_restore(other.optimizer, &snapshot), DESCEND_OK);
        mirror_free(&other);
    }
    mirror_free(&mirror);
}

static void pasts_with_bad_products(void **state)
{
    (void)state;
    check_pasts(NULL);
    check_pasts(read_array);
}

/* Its first product would be 1: a coefficient that overflows, not an argument of the caller's. */
static void a_config_whose_momentum_rounds_to_1(void **state)
{
    (void)state;
    const struct configuration configuration = nadam_with(1 - 1e-9, 1e6);
    descend_optimizer *optimizer = NULL;
    assert_int_equal(descend_optimizer_create(&optimizer, &configuration.config), DESCEND_OVERFLOW);
    assert_null(optimizer);
}

/* The last tensor's own, made bad: every call says so, and nothing has changed. Made good, it goes on. */
static void bad_products(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY, -0.25f, -0x1p-140f, 10, 0x1.fffffep127f};
    static const struct shape shapes[] = {{.n = 40}, {.n = 5000, .step = 4, .own_state = true}};
    const struct configuration configuration = nadam_with(0.9, 4e-3);
    struct mirror mirror = mirror_new(&configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    float *const product = mirror.twin[1].given.array[STATE + MU_PRODUCT];
    const float good = *product;
    for (size_t i = 0; i < COUNT(bad); i++)
        for (const struct execution *execution = executions; execution->name; execution++) {
            *product = bad[i];
            assert_int_equal(execution->make(step, mirror.optimizer, 3), DESCEND_BAD_MU_PRODUCT);
            *product = good;
            assert_mirrored(&mirror, "mu_product %a, by %s", (double)bad[i], execution->name);
        }
    mirror_absent(&mirror, 1, true);
    *product = NAN;
    assert_int_equal(descend_optimizer_step(mirror.optimizer, NULL, NULL), DESCEND_OK);
    mirror_expect(&mirror, NULL);
    *product = good;
    assert_mirrored(&mirror, "a bad mu_product without a gradient");
    mirror_absent(&mirror, 1, false);
    mirror_step(&mirror, NULL, NULL);
    assert_mirrored(&mirror, "good again");
    mirror_free(&mirror);
}

/* Tensors whose products are 0 of either sign share no coefficients: each has the bits of the flat function. */
static void products_of_0_and_minus_0(void **state)
{
    (void)state;
    static const float products[] = {0.0f, -0.0f, 0.0f};
    static const struct shape shape = {.n = 5, .step = 4, .own_state = true};
    const struct shape shapes[] = {shape, shape, shape};
    const struct configuration configuration = nadam_with(0.9, 4e-3);
    struct mirror mirror = mirror_new(&configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    for (size_t i = 0; i < COUNT(products); i++)
        *mirror.twin[i].given.array[STATE + MU_PRODUCT] = products[i];
    assert_int_equal(descend_optimizer_step(mirror.optimizer, NULL, NULL), DESCEND_OK);
    for (size_t i = 0; i < COUNT(products); i++) {
        const float expected = descend_config_advance(&configuration.config, 5, products[i]);
        assert_memory_equal(mirror.twin[i].given.array[STATE + MU_PRODUCT], &expected, sizeof expected);
    }
    mirror_free(&mirror);
}

/* A tensor of no elements has no product, and so none that would be 1 where a late momentum is, as a float32. */
static void no_elements(void **state)
{
    (void)state;
    const struct configuration configuration = nadam_with(1 - 1e-9, 0.1);
    const struct shape late[] = {{.n = 5}, {.n = 0, .step = 1000000}, {.n = 0}};
    struct mirror mirror = mirror_new(&configuration);
    mirror_add(&mirror, late, COUNT(late), ORDINARY, 1);
    for (uint64_t number = 1; number <= 3; number++) {
        assert_int_equal(descend_optimizer_step(mirror.optimizer, NULL, NULL), DESCEND_OK);
        for (size_t i = 0; i < COUNT(late); i++)
            assert_int_equal(tensor_of(mirror.optimizer, i).step, late[i].step + number);
    }
    mirror_free(&mirror);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths),
        cmocka_unit_test(other_schedules_and_absent_gradients),
        cmocka_unit_test(the_product_itself),
        cmocka_unit_test(restored_in_the_middle),
        cmocka_unit_test(pasts_with_bad_products),
        cmocka_unit_test(a_config_whose_momentum_rounds_to_1),
        cmocka_unit_test(bad_products),
        cmocka_unit_test(products_of_0_and_minus_0),
        cmocka_unit_test(no_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
