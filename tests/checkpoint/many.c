/* SPDX-License-Identifier: MIT */
/* Many tensors in many groups are saved and loaded in time that grows with their number, not with its square. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "checkpoint/equal.h"
#include "checkpoint/files.h"
#include "descend/checkpoint.h"
#include "test.h"

enum { GROUPS = 500, TENSORS = 50000, IN_GROUP = TENSORS / GROUPS };

static float param[2][TENSORS], grad[TENSORS];

/* Names that begin as those of states and end as those of none or of another kind's. */
static const char *const endings[] = {"", ".exp_avg_sq.", ".square_avg", ".exp_avg"};

static descend_optimizer *many(float *params)
{
    descend_optimizer *optimizer;
    descend_config config = descend_config_defaults(DESCEND_ADAM);
    assert_int_equal(descend_optimizer_create(&optimizer, &config), DESCEND_OK);
    for (unsigned group = 1; group < GROUPS; group++)
        assert_int_equal(descend_optimizer_group(optimizer, &config, NULL), DESCEND_OK);
    for (unsigned group = 0; group < GROUPS; group++) {
        static char names[IN_GROUP][64];
        descend_tensor tensors[IN_GROUP] = {{0}};
        for (size_t i = 0; i < IN_GROUP; i++) {
            const size_t number = group * IN_GROUP + i;
            snprintf(names[i], sizeof names[i], "state.layer.%zu%s", number, endings[i % COUNT(endings)]);
            tensors[i].name = names[i];
            tensors[i].n = 1;
            tensors[i].param.data = &params[number];
            tensors[i].grad.data = &grad[number];
        }
        assert_int_equal(descend_optimizer_add(optimizer, group, tensors, IN_GROUP), DESCEND_OK);
    }
    return optimizer;
}

static void assert_fast(clock_t start, const char *what)
{
    const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("%s: %.2f s\n", what, seconds);
    assert_true(seconds < 30); /* fifty times what it takes; what is quadratic takes minutes */
}

static void many_tensors(void **state)
{
    (void)state;
    const descend_checkpoint with = {.params = true};
    for (size_t i = 0; i < TENSORS; i++)
        param[0][i] = grad[i] = (float)i;
    descend_optimizer *saved = many(param[0]), *loaded = many(param[1]);
    assert_int_equal(descend_optimizer_step(saved, NULL, NULL), DESCEND_OK);
    clock_t start = clock();
    assert_int_equal(descend_optimizer_save(saved, FILE_PATH, &with), DESCEND_OK);
    assert_fast(start, "saving");
    start = clock();
    assert_int_equal(descend_optimizer_load(loaded, FILE_PATH, &with), DESCEND_OK);
    assert_fast(start, "loading");
    assert_equal_optimizers(saved, loaded, "many tensors");
    descend_optimizer_destroy(saved);
    descend_optimizer_destroy(loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_tensors)};
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
