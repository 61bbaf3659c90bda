/* SPDX-License-Identifier: MIT */
/* descend_run says whether a caller's run did all tasks, each once. */
#include "run.h"
#include "test.h"

enum { TASKS = 4, N = TASKS * BLOCK };

/* A run that calls these indices. */
struct pool {
    const unsigned *index;
    size_t count;
};

static void run(void *argument, descend_task *task, void *work, unsigned tasks)
{
    const struct pool *pool = argument;
    assert_int_equal(tasks, TASKS);
    for (size_t i = 0; i < pool->count; i++)
        task(work, pool->index[i]);
}

static void count_part(void *work, unsigned index, unsigned parts)
{
    unsigned *calls = work;
    assert_true(index < parts);
    calls[index]++;
}

static bool run_with(const unsigned *index, size_t count)
{
    struct pool pool = {index, count};
    unsigned calls[TASKS] = {0};
    return descend_run(count_part, calls, N, &(descend_exec){.threads = TASKS, .run = run, .pool = &pool});
}

static void every_task_once(void **state)
{
    (void)state;
    assert_true(run_with((const unsigned[]){0, 1, 2, 3}, 4));
    assert_true(run_with((const unsigned[]){2, 0, 3, 1}, 4));
    assert_true(run_with((const unsigned[]){0, 1, 4, 2, 3, UINT32_MAX}, 6)); /* two do not exist */
}

static void tasks_left_out(void **state)
{
    (void)state;
    assert_false(run_with(NULL, 0));
    assert_false(run_with((const unsigned[]){0, 1, 2}, 3));
    assert_false(run_with((const unsigned[]){1, 2, 3, 4}, 4)); /* counted from 1 */
    assert_false(run_with((const unsigned[]){0, 1, 2, 2}, 4)); /* one twice in place of another */
    assert_false(run_with((const unsigned[]){0, 1, 2, 3, 3}, 5));
}

static void the_librarys_own_ways(void **state)
{
    (void)state;
    static const descend_exec how[] = {
        {.threads = 1}, {.threads = TASKS, .serial_below = 1}, {.slice = 1, .slices = 2}};
    for (size_t i = 0; i < COUNT(how); i++) {
        unsigned calls[TASKS] = {0};
        assert_true(descend_run(count_part, calls, N, &how[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_task_once),
        cmocka_unit_test(tasks_left_out),
        cmocka_unit_test(the_librarys_own_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
