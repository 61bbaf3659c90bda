/* SPDX-License-Identifier: MIT */
/* Tensors come back by their names, whatever those are and wherever the tensors were added. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/equal.h"
#include "checkpoint/files.h"
#include "data.h"
#include "descend/checkpoint.h"
#include "test.h"

enum { N = 5, TENSORS_MAX = 64 };

static const descend_checkpoint with_params = {.params = true};

/* An AdamW of tensors with these names, which has taken some steps. */
struct named {
    descend_optimizer *optimizer;
    float param[TENSORS_MAX][N], grad[TENSORS_MAX][N];
};

static void named_new(struct named *named, const char *const names[], size_t count, unsigned steps, uint64_t seed)
{
    const descend_adamw config = descend_adamw_defaults();
    assert_true(count <= TENSORS_MAX);
    fill(named->param[0], sizeof named->param / sizeof(float), ORDINARY, seed);
    fill(named->grad[0], sizeof named->grad / sizeof(float), ORDINARY, seed + 1);
    assert_int_equal(
        descend_optimizer_create(&named->optimizer, &(descend_config){.kind = DESCEND_ADAMW, .adamw = config}),
        DESCEND_OK);
    for (size_t i = 0; i < count; i++) {
        const descend_tensor tensor = {
            .name = names[i], .n = N, .param.data = named->param[i], .grad.data = named->grad[i]};
        assert_int_equal(descend_optimizer_add(named->optimizer, 0, &tensor, 1), DESCEND_OK);
    }
    for (unsigned i = 0; i < steps; i++)
        assert_int_equal(descend_optimizer_step(named->optimizer, NULL, NULL), DESCEND_OK);
}

static void odd_names(void **state)
{
    (void)state;
    static char long_name[5000];
    static struct named saved, loaded;
    static const char *const names[] = {"w",
                                        "state.x.exp_avg",
                                        "state.",
                                        "state",
                                        "state..exp_avg",
                                        "exp_avg",
                                        ".exp_avg",
                                        ".",
                                        "..",
                                        "w.exp_avg",
                                        "step.w",
                                        "group_of.w",
                                        "group.0.lr",
                                        "note.seed",
                                        "crc32",
                                        "optimizer",
                                        "groups",
                                        "descend.numerics",
                                        "scaler.scale",
                                        " ",
                                        "a b",
                                        "\"",
                                        "\\",
                                        "\\\"",
                                        "/",
                                        "{}",
                                        "\\u0041",
                                        "A",
                                        "\t\n\r\b\f",
                                        "\x01\x1f\x7f",
                                        "%s%n",
                                        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                        "\xc2\x80",
                                        "a\xcc\x81",
                                        "\xc3\xa1",
                                        "\xef\xbf\xbf",
                                        "\xf4\x8f\xbf\xbf",
                                        "\xed\x9f\xbf",
                                        "__metadata_",
                                        long_name};
    memset(long_name, 'n', sizeof long_name - 1);
    for (unsigned steps = 0; steps < 2; steps++) {
        named_new(&saved, names, COUNT(names), steps, 1);
        named_new(&loaded, names, COUNT(names), 1 - steps, 2);
        assert_int_equal(descend_optimizer_save(saved.optimizer, FILE_PATH, &with_params), DESCEND_OK);
        assert_int_equal(descend_optimizer_load(loaded.optimizer, FILE_PATH, &with_params), DESCEND_OK);
        assert_equal_optimizers(saved.optimizer, loaded.optimizer, "odd names, %u steps", steps);
        descend_optimizer_destroy(saved.optimizer);
        descend_optimizer_destroy(loaded.optimizer);
    }
}

/* Parameters and states whose keys are the same, or what JSON or safetensors keep for themselves. Such a file is not
 * made, the old one stays; but what is made can be loaded. */
static void check_meeting(const char *const names[2], bool params, unsigned steps)
{
    static struct named saved, loaded;
    const descend_checkpoint with = {.params = params};
    named_new(&saved, names, 2, steps, 1);
    named_new(&loaded, names, 2, 0, 1);
    remove(FILE_PATH);
    const descend_status status = descend_optimizer_save(saved.optimizer, FILE_PATH, &with);
    if (status == DESCEND_OK) {
        if (params)
            memset(loaded.param, 0, sizeof loaded.param);
        else
            memcpy(loaded.param, saved.param, sizeof loaded.param);
        assert_int_equal(descend_optimizer_load(loaded.optimizer, FILE_PATH, &with), DESCEND_OK);
        assert_equal_optimizers(saved.optimizer, loaded.optimizer, "%s beside %s", names[0], names[1]);
    } else {
        assert_true(params);
        assert_int_equal(status, DESCEND_BAD_FILE_DUPLICATE);
        assert_entries(0);
    }
    descend_optimizer_destroy(saved.optimizer);
    descend_optimizer_destroy(loaded.optimizer);
}

static void names_that_meet_keys(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"x", "state.x.exp_avg"}, {"state.x.exp_avg_sq", "x"}, {"x", "__metadata__"}};
    for (size_t i = 0; i < COUNT(names); i++)
        for (unsigned steps = 0; steps < 2; steps++) {
            check_meeting(names[i], false, steps);
            check_meeting(names[i], true, steps);
        }
}

/* A tensor is found by its name, wherever it was added. */
static void other_order(void **state)
{
    (void)state;
    static const char *const forward[] = {"w1", "w2", "w10", "b"}, *const backward[] = {"b", "w10", "w2", "w1"};
    static struct named saved, loaded;
    named_new(&saved, forward, COUNT(forward), 3, 1);
    named_new(&loaded, backward, COUNT(backward), 1, 2);
    assert_int_equal(descend_optimizer_save(saved.optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_int_equal(descend_optimizer_load(loaded.optimizer, FILE_PATH, &with_params), DESCEND_OK);
    for (size_t i = 0; i < COUNT(forward); i++) {
        descend_tensor x, y;
        assert_int_equal(descend_optimizer_tensor(saved.optimizer, i, &x, NULL), DESCEND_OK);
        assert_int_equal(descend_optimizer_tensor(loaded.optimizer, COUNT(forward) - 1 - i, &y, NULL), DESCEND_OK);
        assert_int_equal(x.step, y.step);
        assert_memory_equal(x.param.data, y.param.data, N * sizeof(float));
        for (unsigned k = 0; k < 2; k++)
            assert_memory_equal(x.state[k].data, y.state[k].data, N * sizeof(float));
    }
    descend_optimizer_destroy(saved.optimizer);
    descend_optimizer_destroy(loaded.optimizer);
}

static void no_tensors(void **state)
{
    (void)state;
    static struct named saved, loaded;
    named_new(&saved, NULL, 0, 1, 1);
    named_new(&loaded, NULL, 0, 0, 1);
    assert_int_equal(descend_optimizer_set_lr(saved.optimizer, 0, 0.3), DESCEND_OK);
    assert_int_equal(descend_optimizer_save(saved.optimizer, FILE_PATH, NULL), DESCEND_OK);
    assert_int_equal(descend_optimizer_load(loaded.optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_equal_optimizers(saved.optimizer, loaded.optimizer, "no tensors");
    descend_optimizer_destroy(saved.optimizer);
    descend_optimizer_destroy(loaded.optimizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_names),
        cmocka_unit_test(names_that_meet_keys),
        cmocka_unit_test(other_order),
        cmocka_unit_test(no_tensors),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
