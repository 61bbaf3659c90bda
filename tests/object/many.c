/* SPDX-License-Identifier: MIT */
/* What an optimizer of very many tensors costs: no call takes time that is quadratic in their number. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "descend/optimizer.h"
#include "test.h"

enum { TENSORS = 100000, GROUPS = 1000, N = 4 };

/* Of processor time, which other programs do not prolong. Here all of it takes less than a second, and with sanitizers
 * less than ten; code that goes over all tensors for each tensor takes minutes. */
static const double seconds_at_most = 40;

static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

struct many {
    descend_optimizer *optimizer;
    float *params, *grads;
    double started;
};

static void check_time(const struct many *many, const char *what)
{
    if (seconds() - many->started > seconds_at_most)
        fail_msg("%d tensors in %d groups: %s took too long", TENSORS, GROUPS, what);
}

static const char *name_of(size_t t)
{
    static char name[32];
    snprintf(name, sizeof name, "layers.%zu.weight", t);
    return name;
}

/* Group after group, or each tensor in another group than the one before. */
static void add_all(struct many *many, bool groups_alternate)
{
    const descend_config config = descend_config_defaults(DESCEND_SGD);
    many->params = calloc((size_t)TENSORS * N, sizeof(float));
    many->grads = calloc((size_t)TENSORS * N, sizeof(float));
    assert_non_null(many->params);
    assert_non_null(many->grads);
    assert_int_equal(descend_optimizer_create(&many->optimizer, &config), DESCEND_OK);
    for (unsigned group = 1; group < GROUPS; group++)
        assert_int_equal(descend_optimizer_group(many->optimizer, &config, NULL), DESCEND_OK);
    many->started = seconds();
    for (size_t t = 0; t < TENSORS; t++) {
        const descend_tensor tensor = {
            .name = name_of(t), .n = N, .param = {.data = many->params + t * N}, .grad = {.data = many->grads + t * N}};
        const size_t group = groups_alternate ? t % GROUPS : t / (TENSORS / GROUPS);
        assert_int_equal(descend_optimizer_add(many->optimizer, (unsigned)group, &tensor, 1), DESCEND_OK);
    }
    check_time(many, "adding them one by one");
}

static void free_all(struct many *many)
{
    many->started = seconds();
    descend_optimizer_destroy(many->optimizer);
    check_time(many, "destroying");
    free(many->params);
    free(many->grads);
}

static void check_refusals(const struct many *many)
{
    const descend_tensor again = {.name = name_of(TENSORS / 2), .n = 0};
    assert_int_equal(descend_optimizer_add(many->optimizer, 0, &again, 1), DESCEND_DUPLICATE_NAME);
    for (size_t t = 0; t < TENSORS; t++) {
        const descend_tensor over_grad = {.name = "new", .n = 1, .param = {.data = many->grads + t * N + t % N}};
        assert_int_equal(descend_optimizer_add(many->optimizer, 0, &over_grad, 1), DESCEND_OVERLAP);
    }
}

static descend_config config_of(void *context, unsigned group)
{
    descend_config config;
    assert_int_equal(descend_optimizer_config(context, group, &config), DESCEND_OK);
    return config;
}

static descend_tensor tensor_of(void *context, size_t t)
{
    descend_tensor tensor;
    assert_int_equal(descend_optimizer_tensor(context, t, &tensor, NULL), DESCEND_OK);
    return tensor;
}

static void every_call(void **state)
{
    (void)state;
    for (int alternate = 0; alternate < 2; alternate++) {
        struct many many;
        add_all(&many, alternate != 0);
        many.started = seconds();
        for (size_t t = 0; t < TENSORS; t++)
            assert_int_equal(descend_optimizer_find(many.optimizer, name_of(t)), t);
        assert_int_equal(descend_optimizer_find(many.optimizer, "layers"), TENSORS);
        check_time(&many, "finding them by name");
        check_refusals(&many);
        check_time(&many, "refusing others");
        descend_config config = descend_config_defaults(DESCEND_SGD);
        config.sgd.momentum = 0.5;
        for (unsigned group = 0; group < GROUPS; group++)
            assert_int_equal(descend_optimizer_configure(many.optimizer, group, &config), DESCEND_OK);
        check_time(&many, "configuring each group");
        for (size_t t = 0; t < TENSORS; t++)
            assert_int_equal(descend_optimizer_set_grad(many.optimizer, t, many.grads + (TENSORS - 1 - t) * N),
                             DESCEND_OK);
        check_time(&many, "setting each gradient");
        descend_measurement found;
        assert_int_equal(descend_optimizer_measure(many.optimizer, NULL, &found), DESCEND_OK);
        assert_int_equal(descend_optimizer_step(many.optimizer, NULL, NULL), DESCEND_OK);
        check_time(&many, "a step");
        const descend_snapshot snapshot = {.config = config_of, .tensor = tensor_of, .context = many.optimizer};
        assert_int_equal(descend_optimizer_restore(many.optimizer, &snapshot), DESCEND_OK);
        check_time(&many, "restoring");
        free_all(&many);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
