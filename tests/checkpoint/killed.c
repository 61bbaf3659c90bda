/* SPDX-License-Identifier: MIT */
/* A process that is killed while it saves leaves a whole checkpoint, of before or of after. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint/equal.h"
#include "checkpoint/files.h"
#include "data.h"
#include "descend/checkpoint.h"
#include "test.h"

enum { N = 100000, KILLS = 200 };

/* Two optimizers that take turns in the file, and one that it is loaded into. */
enum { FIRST, SECOND, LOADED, OPTIMIZERS };
static float param[OPTIMIZERS][N], grad[N];
static descend_optimizer *optimizer[OPTIMIZERS];

static const descend_checkpoint with = {.params = true};

static void make(unsigned number)
{
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    const descend_tensor tensor = {.name = "w", .n = N, .param.data = param[number], .grad.data = grad};
    fill(param[number], N, ORDINARY, number + 1);
    fill(grad, N, ORDINARY, number + 10);
    assert_int_equal(descend_optimizer_create(&optimizer[number], &config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer[number], 0, &tensor, 1), DESCEND_OK);
    for (unsigned step = 0; step <= number; step++)
        assert_int_equal(descend_optimizer_step(optimizer[number], NULL, NULL), DESCEND_OK);
}

/* Which of the two is in the file. */
static unsigned in_file(void)
{
    descend_tensor tensor;
    assert_int_equal(descend_optimizer_load(optimizer[LOADED], FILE_PATH, &with), DESCEND_OK);
    assert_int_equal(descend_optimizer_tensor(optimizer[LOADED], 0, &tensor, NULL), DESCEND_OK);
    const unsigned number = (unsigned)tensor.step - 1;
    assert_true(number == FIRST || number == SECOND);
    assert_equal_optimizers(optimizer[LOADED], optimizer[number], "after a kill");
    return number;
}

static void killed_while_saving(void **state)
{
    (void)state;
    for (unsigned number = 0; number < OPTIMIZERS; number++)
        make(number);
    assert_int_equal(descend_optimizer_save(optimizer[FIRST], FILE_PATH, &with), DESCEND_OK);
    uint64_t seed = 6;
    unsigned changed = 0;
    for (int i = 0; i < KILLS; i++) {
        const unsigned before = in_file();
        const pid_t child = fork();
        if (child == 0)
            for (unsigned number = 1 - before;; number = 1 - number)
                if (descend_optimizer_save(optimizer[number], FILE_PATH, &with) != DESCEND_OK)
                    _exit(1);
        const struct timespec moment = {0, (long)(random_bits(&seed) % 20000000)};
        nanosleep(&moment, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        changed += in_file() != before;
    }
    print_message("killed %d times, %u times with the other checkpoint in place\n", KILLS, changed);
    assert_true(entries(".") <= 2);
    assert_int_equal(descend_optimizer_save(optimizer[FIRST], FILE_PATH, &with), DESCEND_OK);
    assert_entries(1);
    for (unsigned number = 0; number < OPTIMIZERS; number++)
        descend_optimizer_destroy(optimizer[number]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(killed_while_saving)};
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
