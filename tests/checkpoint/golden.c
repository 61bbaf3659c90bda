/* SPDX-License-Identifier: MIT */
/* Files that were written once can still be loaded: the format is stable. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/equal.h"
#include "checkpoint/golden_content.h"
#include "test.h"

static void files_of_old(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GOLDEN_FILES; i++) {
        struct golden golden, blank;
        char path[4096];
        descend_scaler scaler;
        const descend_checkpoint with = {.params = true, .scaler = &scaler, .notes = golden_notes, .note_count = 2};
        snprintf(path, sizeof path, GOLDEN_DIRECTORY "/golden.%s.safetensors", golden_name(i));
        assert_non_null(golden_make(&golden, i, false));
        assert_non_null(golden_make(&blank, i, true));
        assert_int_equal(descend_optimizer_load(blank.optimizer, path, &with), DESCEND_OK);
        assert_equal_optimizers(golden.optimizer, blank.optimizer, "%s", path);
        assert_memory_equal(golden.param, blank.param, sizeof golden.param);
        assert_memory_equal(&scaler, &golden_scaler, sizeof scaler);
        descend_optimizer_destroy(golden.optimizer);
        descend_optimizer_destroy(blank.optimizer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
