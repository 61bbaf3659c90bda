/* SPDX-License-Identifier: MIT */
#include "executions.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "configuration.h"
#include "test.h"

static descend_status worse(descend_status a, descend_status b)
{
    return a > b ? a : b;
}

static descend_status by_default(split_call *call, void *work, unsigned parts)
{
    (void)parts;
    return call(work, NULL);
}

static descend_status serially(split_call *call, void *work, unsigned parts)
{
    (void)parts;
    return call(work, &(descend_exec){.threads = 1});
}

static descend_status by_threads(split_call *call, void *work, unsigned parts)
{
    return call(work, &(descend_exec){.threads = parts, .serial_below = 1});
}

static descend_status by_slices(split_call *call, void *work, unsigned parts)
{
    descend_status status = DESCEND_OK;
    for (unsigned i = 0; i < parts; i++)
        status = worse(status, call(work, &(descend_exec){.slice = i, .slices = parts}));
    return status;
}

static descend_status by_slices_backward(split_call *call, void *work, unsigned parts)
{
    descend_status status = DESCEND_OK;
    for (unsigned i = parts; i-- > 0;)
        status = worse(status, call(work, &(descend_exec){.slice = i, .slices = parts}));
    return status;
}

struct slice {
    split_call *call;
    void *work;
    descend_exec exec;
    descend_status status;
};

static void *do_slice(void *argument)
{
    struct slice *mine = argument;
    mine->status = mine->call(mine->work, &mine->exec);
    return NULL;
}

static descend_status by_slices_on_pthreads(split_call *call, void *work, unsigned parts)
{
    descend_status status = DESCEND_OK;
    struct slice slice[WAYS_PARTS];
    pthread_t thread[WAYS_PARTS];
    assert_true(parts <= WAYS_PARTS);
    for (unsigned i = 0; i < parts; i++) {
        slice[i] = (struct slice){call, work, {.slice = i, .slices = parts}, DESCEND_OK};
        assert_int_equal(pthread_create(&thread[i], NULL, do_slice, &slice[i]), 0);
    }
    for (unsigned i = 0; i < parts; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        status = worse(status, slice[i].status);
    }
    return status;
}

struct pool_task {
    descend_task *task;
    void *work;
    unsigned index;
};

static void *do_task(void *argument)
{
    const struct pool_task *mine = argument;
    mine->task(mine->work, mine->index);
    return NULL;
}

void run_on_pool(void *argument, descend_task *task, void *work, unsigned tasks)
{
    struct pool *pool = argument;
    struct pool_task mine[WAYS_PARTS];
    pthread_t thread[WAYS_PARTS];
    pool->calls++;
    pool->tasks = tasks;
    const unsigned threads = pool->order == PTHREADS && tasks <= WAYS_PARTS ? tasks : 0;
    for (unsigned i = 0; i < threads; i++) {
        mine[i] = (struct pool_task){task, work, i};
        assert_int_equal(pthread_create(&thread[i], NULL, do_task, &mine[i]), 0);
    }
    for (unsigned i = 0; i < threads; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    for (unsigned i = threads; i < tasks; i++)
        task(work, pool->order == BACKWARD ? tasks - 1 - i : i);
}

unsigned runs_of_a_call = 1;

static descend_status by_run(split_call *call, void *work, unsigned parts, enum order order)
{
    struct pool pool = {.order = order};
    const descend_status status = call(work, &(descend_exec){.threads = parts, .run = run_on_pool, .pool = &pool});
    if (status == DESCEND_OK && (pool.calls != runs_of_a_call || pool.tasks != parts))
        fail_msg("threads %u: run was called %u times, with %u tasks", parts, pool.calls, pool.tasks);
    return status;
}

static descend_status by_run_forward(split_call *call, void *work, unsigned parts)
{
    return by_run(call, work, parts, FORWARD);
}

static descend_status by_run_backward(split_call *call, void *work, unsigned parts)
{
    return by_run(call, work, parts, BACKWARD);
}

static descend_status by_run_on_pthreads(split_call *call, void *work, unsigned parts)
{
    return by_run(call, work, parts, PTHREADS);
}

const struct execution executions[] = {
    {"serial", serially},
    {"the defaults", by_default},
    {"threads", by_threads},
    {"slices", by_slices},
    {"slices, backward", by_slices_backward},
    {"slices on pthreads", by_slices_on_pthreads},
    {"run, forward", by_run_forward},
    {"run, backward", by_run_backward},
    {"run on pthreads", by_run_on_pthreads},
    {NULL, NULL},
};

static unsigned variant_count(void)
{
    unsigned count = 1;
    while (variants()[count])
        count++;
    return count;
}

descend_status make_in_turn(split_call *call, void *work, unsigned turn, bool in_slices)
{
    const struct execution *execution = &executions[turn % (COUNT(executions) - 1)];
    if (!in_slices && strstr(execution->name, "slices"))
        execution = executions;
    runs_of_a_call = in_slices ? 1 : 2;
    assert_int_equal(descend_isa_force(variants()[turn % variant_count()]), DESCEND_OK);
    const descend_status status = execution->make(call, work, 1 + turn % 4);
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
    return status;
}
