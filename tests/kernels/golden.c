/* SPDX-License-Identifier: MIT */
/* Every configuration, on every variant, takes the steps that torch.optim 1.13.1 took: the same bits. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data.h"
#include "descend/optimizer.h"
#include "test.h"

struct golden_row {
    const char *label;
    enum data_kind kind;
    const char *array; /* "param", or the state's name */
    unsigned step;
    const char *bits; /* 8 hexadecimal digits an element */
};
#include "golden/golden.inc"

enum { GOLDEN_ROWS = sizeof golden / sizeof *golden };

/* Where torch.optim 1.13.1 has no such optimizer or option, only tests/kernels/oracle.c, and tests/kernels/lamb.c, say
 * what is right. */
static bool torch_has(const struct configuration *configuration)
{
    char words[64];
    if (strcmp(configuration->expected->not_in_torch, "all") == 0)
        return false;
    snprintf(words, sizeof words, "%s", configuration->expected->not_in_torch);
    for (char *rest, *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        if (strstr(configuration->label, word))
            return false;
    return true;
}

/* NULL if torch stored no such array. */
static const struct golden_row *golden_find(const char *label, enum data_kind kind, const char *array, unsigned step)
{
    for (size_t i = 0; i < GOLDEN_ROWS; i++)
        if (golden[i].kind == kind && golden[i].step == step && strcmp(golden[i].array, array) == 0 &&
            strcmp(golden[i].label, label) == 0)
            return &golden[i];
    return NULL;
}

static float element(const struct golden_row *row, size_t i)
{
    uint32_t bits = 0;
    float value;
    if (sscanf(row->bits + 8 * i, "%8" SCNx32, &bits) != 1)
        fail_msg("%s: element %zu of %s is no number", row->label, i, row->array);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The arrays that a configuration uses must have rows for the first and the last step, and no others may. A
 * configuration that torch lacks has no rows. */
static size_t check_rows(const struct configuration *configuration, enum data_kind kind)
{
    const unsigned steps[] = {1, golden_steps[kind]};
    size_t rows = 0;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (size_t k = 0; k < STATE + configuration->states; k++) {
            if (k == GRAD)
                continue;
            const struct golden_row *row =
                golden_find(configuration->label, kind, array_name(configuration, k), steps[s]);
            if ((row != NULL) != (torch_has(configuration) && array_written(configuration, k)))
                fail_msg("%s, %s data, step %u: %s is %s. Is tests/golden/golden.inc older than make_golden.py?",
                         configuration->label, data_kind_names[kind], steps[s], array_name(configuration, k),
                         row ? "golden, but not used" : "used, but not golden");
            if (row != NULL)
                assert_int_equal(strlen(row->bits), 8 * array_length(configuration, k, GOLDEN_N));
            rows += row != NULL;
        }
    return rows;
}

static void each_configuration_has_its_golden_rows_and_none_is_left(void **state)
{
    (void)state;
    size_t count, rows = 0;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        for (enum data_kind kind = 0; kind < DATA_KINDS; kind++)
            rows += check_rows(&all[i], kind);
    if (rows == GOLDEN_ROWS)
        return;
    for (size_t i = 0; i < GOLDEN_ROWS; i++) {
        size_t configuration = 0;
        while (configuration < count && strcmp(all[configuration].label, golden[i].label) != 0)
            configuration++;
        if (configuration == count)
            fail_msg("\"%s\" is golden, but no configuration", golden[i].label);
    }
    fail_msg("%d golden rows, but the configurations have %zu", (int)GOLDEN_ROWS, rows);
}

static void check_row(const struct golden_row *row, const char *variant, const float *array)
{
    float expected[GOLDEN_N] = {0};
    const size_t n = strlen(row->bits) / 8;
    for (size_t i = 0; i < n; i++)
        expected[i] = element(row, i);
    const size_t i = first_difference(array, expected, n);
    if (i < n)
        fail_msg("%s, %s, %s data, step %u: %s[%zu] is %a, torch's is %a", variant, row->label,
                 data_kind_names[row->kind], row->step, row->array, i, (double)array[i], (double)expected[i]);
}

static void check_golden(const struct configuration *configuration, const char *variant, enum data_kind kind,
                         unsigned step, const char *name, const float *array)
{
    const struct golden_row *row = golden_find(configuration->label, kind, name, step);
    assert_non_null(row);
    check_row(row, variant, array);
}

static void run(const struct configuration *configuration, const char *variant, enum data_kind kind)
{
    struct arrays arrays = arrays_new(GOLDEN_N);
    assert_int_equal(descend_isa_force(variant), DESCEND_OK);
    fill(arrays.array[PARAM], GOLDEN_N, kind, golden_seed[kind]);
    for (size_t k = 0; k < configuration->states; k++)
        for (size_t i = 0; i < GOLDEN_N; i++)
            arrays.array[STATE + k][i] = descend_config_initial(&configuration->config, k);
    for (unsigned step = 1; step <= golden_steps[kind]; step++) {
        fill(arrays.array[GRAD], GOLDEN_N, kind, golden_seed[kind] + step);
        assert_int_equal(arrays_step(configuration, step, &arrays, NULL), DESCEND_OK);
        arrays_advance(configuration, step, &arrays);
        if (step == 1 || step == golden_steps[kind])
            for (size_t k = 0; k < STATE + configuration->states; k++)
                if (array_written(configuration, k))
                    check_golden(configuration, variant, kind, step, array_name(configuration, k), arrays.array[k]);
    }
    arrays_free(&arrays);
}

static void every_variant_takes_the_steps_of_torch(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (const char *const *variant = variants(); *variant; variant++)
        for (size_t i = 0; i < count; i++)
            for (enum data_kind kind = 0; torch_has(&all[i]) && kind < DATA_KINDS; kind++)
                run(&all[i], *variant, kind);
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* The object, which leaves out a tensor without a gradient, its count of steps too. */
static void absent_gradients_as_in_torch(void **state)
{
    (void)state;
    const descend_adam config = {.lr = 0.0017, .beta1 = 0.87, .beta2 = 0.9993, .eps = 3e-8};
    for (const char *const *variant = variants(); *variant; variant++) {
        float param[GOLDEN_N], grad[GOLDEN_N];
        descend_optimizer *optimizer;
        descend_tensor now, tensor = {.name = "w", .n = GOLDEN_N, .param.data = param, .grad.data = grad};
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        assert_int_equal(descend_optimizer_create(&optimizer, &(descend_config){.kind = DESCEND_ADAM, .adam = config}),
                         DESCEND_OK);
        assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
        fill(param, GOLDEN_N, ORDINARY, golden_seed[ORDINARY]);
        for (unsigned turn = 1; turn <= golden_steps[ORDINARY]; turn++) {
            float *const present = turn % GOLDEN_ABSENT_EVERY == 0 ? NULL : grad;
            fill(grad, GOLDEN_N, ORDINARY, golden_seed[ORDINARY] + turn);
            assert_int_equal(descend_optimizer_set_grad(optimizer, 0, present), DESCEND_OK);
            assert_int_equal(descend_optimizer_step(optimizer, NULL, NULL), DESCEND_OK);
        }
        assert_int_equal(descend_optimizer_tensor(optimizer, 0, &now, NULL), DESCEND_OK);
        const float *const arrays[] = {param, now.state[0].data, now.state[1].data};
        for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++) {
            assert_int_equal(now.step, golden_absent[k].step);
            check_row(&golden_absent[k], *variant, arrays[k]);
        }
        descend_optimizer_destroy(optimizer);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_configuration_has_its_golden_rows_and_none_is_left),
        cmocka_unit_test(every_variant_takes_the_steps_of_torch),
        cmocka_unit_test(absent_gradients_as_in_torch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
