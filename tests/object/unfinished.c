/* SPDX-License-Identifier: MIT */
/* Calls that are begun and never finished: what follows is refused until the optimizer is whole again. */
#include <setjmp.h>
#include <string.h>

#include "descend/checkpoint.h"
#include "mirror.h"
#include "test.h"

enum { TASKS = 3, WAYS = 3 };

static const struct shape shapes[] = {{.n = 9000}, {.n = 5}, {.n = 20000, .copy = DESCEND_BF16}};

static struct mirror with_tensors(const struct configuration *configuration)
{
    struct mirror mirror = mirror_new(configuration);
    mirror_add(&mirror, shapes, COUNT(shapes), ORDINARY, 1);
    return mirror;
}

/* A caller's pool, which in one of its calls leaves out a task, and returns or jumps out. */
struct pool {
    unsigned faulty_call, calls; /* counted from 0 */
    bool jumps;
    jmp_buf out;
};

static void run(void *argument, descend_task *task, void *work, unsigned tasks)
{
    struct pool *pool = argument;
    const bool whole = pool->calls++ != pool->faulty_call;
    for (unsigned index = whole ? 0 : 1; index < tasks; index++)
        task(work, index);
    if (!whole && pool->jumps)
        longjmp(pool->out, 1);
}

static descend_status step(descend_optimizer *optimizer, const descend_exec *exec)
{
    return descend_optimizer_step(optimizer, NULL, exec);
}

static descend_status measure(descend_optimizer *optimizer, const descend_exec *exec)
{
    descend_measurement found;
    return descend_optimizer_measure(optimizer, exec, &found);
}

typedef descend_status call(descend_optimizer *optimizer, const descend_exec *exec);
static call *const calls[] = {step, measure, descend_optimizer_zero_grad};

/* Begins a call and does not finish it, in one of three ways: one of two slices; a run that leaves out a task; one that
 * is left by a jump. False where the optimizer has no slices. */
static bool leave_unfinished(const struct mirror *mirror, call *which, unsigned way)
{
    static struct pool pool;
    const descend_exec slice = {.slice = 1, .slices = 2}, on_pool = {.threads = TASKS, .run = run, .pool = &pool};
    if (way == 0 && which == step && !mirror->group[0].in_slices)
        return false;
    pool = (struct pool){.jumps = way == 2};
    if (way == 0)
        assert_int_equal(which(mirror->optimizer, &slice), DESCEND_OK);
    else if (setjmp(pool.out) == 0)
        assert_int_equal(which(mirror->optimizer, &on_pool), DESCEND_UNFINISHED);
    assert_true(descend_optimizer_unfinished(mirror->optimizer));
    return true;
}

/* Everything but the slices of `unfinished` itself. */
static void check_refusals(const struct mirror *mirror, call *unfinished, const char *what)
{
    descend_optimizer *const optimizer = mirror->optimizer;
    const descend_config *config = &mirror->group[0].config;
    const descend_tensor more = {.name = "more"};
    static const descend_allocator none;
    const descend_status refused[] = {
        descend_optimizer_add(optimizer, 0, &more, 1),
        descend_optimizer_group(optimizer, config, NULL),
        descend_optimizer_configure(optimizer, 0, config),
        descend_optimizer_set_lr(optimizer, 0, 1),
        descend_optimizer_set_grad(optimizer, 0, NULL),
        descend_optimizer_set_allocator(optimizer, &none),
        descend_optimizer_save(optimizer, "unfinished.safetensors", NULL),
        step(optimizer, NULL),
        measure(optimizer, NULL),
        descend_optimizer_zero_grad(optimizer, NULL),
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        if (refused[i] != DESCEND_UNFINISHED)
            fail_msg("%s: function %zu returned %d", what, i, (int)refused[i]);
    for (size_t i = 0; i < COUNT(calls); i++) {
        if (calls[i] == unfinished || (calls[i] == step && !mirror->group[0].in_slices))
            continue;
        const descend_status status = calls[i](optimizer, &(descend_exec){.slice = 0, .slices = 2});
        if (status != DESCEND_UNFINISHED)
            fail_msg("%s: a slice of call %zu returned %d", what, i, (int)status);
    }
}

static descend_config config_of(void *context, unsigned group)
{
    const struct mirror *mirror = context;
    return mirror->group[group].config;
}

static descend_tensor tensor_of(void *context, size_t number)
{
    const struct mirror *mirror = context;
    const struct twin *twin = &mirror->twin[number];
    descend_tensor tensor = {.step = twin->shape.step, .param.data = twin->plain.array[PARAM]};
    for (unsigned k = 0; k < mirror->group[0].states; k++)
        if (twin->initialised >> k & 1)
            tensor.state[k].data = twin->plain.array[STATE + k];
    return tensor;
}

/* Each call left unfinished in each way: all else is refused, until it is restored to what it was. Then it goes on, in
 * slices, as if nothing had happened. */
static void check_restoring(const struct configuration *configuration)
{
    for (unsigned variation = 0; variation < 2 * WAYS * COUNT(calls); variation++) {
        call *const which = calls[variation % COUNT(calls)];
        const unsigned way = variation / COUNT(calls) % WAYS;
        struct mirror mirror = with_tensors(configuration);
        const descend_snapshot snapshot = {.config = config_of, .tensor = tensor_of, .context = &mirror};
        if (variation >= WAYS * COUNT(calls))
            mirror_step(&mirror, NULL, NULL);
        if (leave_unfinished(&mirror, which, way)) {
            check_refusals(&mirror, which, configuration->label);
            assert_int_equal(descend_optimizer_restore(mirror.optimizer, &snapshot), DESCEND_OK);
        }
        assert_false(descend_optimizer_unfinished(mirror.optimizer));
        mirror_gradients(&mirror, ORDINARY, 2); /* zero_grad was begun */
        for (unsigned slice = 0; slice < 2 && configuration->in_slices; slice++)
            assert_int_equal(step(mirror.optimizer, &(descend_exec){.slice = slice, .slices = 2}), DESCEND_OK);
        if (!configuration->in_slices)
            assert_int_equal(step(mirror.optimizer, NULL), DESCEND_OK);
        mirror_expect(&mirror, NULL);
        assert_mirrored(&mirror, "call %u left in way %u", variation % 3, way);
        mirror_free(&mirror);
    }
}

static void restored(void **state)
{
    (void)state;
    for_each_structure(check_restoring);
}

/* Measuring and zeroing can be begun again, and find what they would have found. */
static void abandoned(void **state)
{
    (void)state;
    struct mirror mirror = with_tensors(configuration_of("adam"));
    descend_measurement expected, found[2] = {{.norm = -1}, {.norm = -1}};
    assert_int_equal(descend_optimizer_measure(mirror.optimizer, NULL, &expected), DESCEND_OK);
    for (unsigned way = 0; way < WAYS; way++) {
        assert_true(leave_unfinished(&mirror, measure, way));
        assert_int_equal(descend_optimizer_abandon(mirror.optimizer), DESCEND_OK);
        for (unsigned slice = 0; slice < 2; slice++)
            assert_int_equal(descend_optimizer_measure(mirror.optimizer, &(descend_exec){.slice = slice, .slices = 2},
                                                       &found[slice]),
                             DESCEND_OK);
        assert_true(found[0].norm == -1); /* the last one writes it */
        assert_memory_equal(&found[1].norm, &expected.norm, sizeof expected.norm);
        found[1].norm = -1;
    }
    assert_int_equal(descend_optimizer_abandon(NULL), DESCEND_NULL_OPTIMIZER);
    assert_false(descend_optimizer_unfinished(NULL));
    mirror_free(&mirror);
}

/* More slices than the call has, and slices of another number, belong to another call. */
static void other_slices(void **state)
{
    (void)state;
    struct mirror mirror = with_tensors(configuration_of("adam"));
    for (unsigned slice = 0; slice < 3; slice++)
        assert_int_equal(measure(mirror.optimizer, &(descend_exec){.slice = slice, .slices = 4}), DESCEND_OK);
    assert_int_equal(measure(mirror.optimizer, &(descend_exec){.slice = 0, .slices = 3}), DESCEND_UNFINISHED);
    assert_int_equal(measure(mirror.optimizer, &(descend_exec){.slice = 3, .slices = 4}), DESCEND_OK);
    assert_false(descend_optimizer_unfinished(mirror.optimizer));
    assert_int_equal(step(mirror.optimizer, NULL), DESCEND_OK);
    mirror_free(&mirror);
}

/* A flat function says it, too, in each of its passes. */
static void check_flat(const struct configuration *configuration)
{
    struct mirror mirror = with_tensors(configuration);
    const struct arrays *arrays = &mirror.twin[2].plain;
    for (unsigned faulty_call = 0; faulty_call < 2; faulty_call++) {
        struct pool pool = {.faulty_call = faulty_call};
        const descend_exec exec = {.threads = TASKS, .run = run, .pool = &pool};
        const descend_status status = configuration->step(&configuration->config.room, 1, arrays->array[PARAM],
                                                          arrays->array[GRAD], arrays->array + STATE, arrays->n, &exec);
        assert_int_equal(status, pool.calls > faulty_call ? DESCEND_UNFINISHED : DESCEND_OK);
        assert_true(pool.calls > 0);
    }
    mirror_free(&mirror);
}

static void flat_functions(void **state)
{
    (void)state;
    for_each_structure(check_flat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restored),
        cmocka_unit_test(abandoned),
        cmocka_unit_test(other_slices),
        cmocka_unit_test(flat_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
