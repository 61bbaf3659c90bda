/* SPDX-License-Identifier: MIT */
/* descend_step_delta writes what descend_step would add to the parameters, and leaves them as they are. */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "data.h"
#include "executions.h"
#include "fence.h"
#include "test.h"

static const size_t ns[] = {1, 7, 100, 1023, 1024, 1025, 4096 + 17, 5 * 4096 + 333};

struct delta_call {
    const struct configuration *configuration;
    uint64_t step;
    const struct arrays *arrays;
    float *delta;
};

static descend_status make_delta(void *work, const descend_exec *exec)
{
    const struct delta_call *call = work;
    float *state[CONFIGURATION_STATES], through;
    arrays_states(call->configuration, call->step, call->arrays, state, &through);
    return descend_step_delta(&call->configuration->config, call->step, call->arrays->array[PARAM],
                              call->arrays->array[GRAD], state, call->delta, call->arrays->n, exec);
}

/* Two steps, the parameter moved by the test: the second is as if descend_step had made the first. */
static void check_steps(const struct configuration *configuration, size_t n, enum data_kind kind, unsigned turn)
{
    struct arrays stepped = arrays_new(n), got = arrays_new(n);
    float *const before = stepped.array[ARRAYS - 1], *const delta = got.array[ARRAYS - 1];
    assert_true(STATE + configuration->states < ARRAYS);
    arrays_fill(configuration, &stepped, kind, n);
    arrays_fill(configuration, &got, kind, n);
    for (uint64_t step = 1; step <= 2; step++) {
        struct delta_call call = {configuration, step, &got, delta};
        memcpy(before, stepped.array[PARAM], n * sizeof *before);
        assert_int_equal(arrays_step(configuration, step, &stepped, NULL), DESCEND_OK);
        assert_int_equal(make_in_turn(make_delta, &call, turn + (unsigned)step, configuration->in_slices), DESCEND_OK);
        assert_int_equal(first_difference(got.array[PARAM], before, n), n);
        for (size_t i = 0; i < n; i++)
            before[i] = stepped.array[PARAM][i] - before[i];
        const size_t at = first_difference(delta, before, n);
        if (at < n)
            fail_msg("%s, n %zu, step %" PRIu64 ": delta[%zu] is %a, not %a", configuration->label, n, step, at,
                     (double)delta[at], (double)before[at]);
        arrays_advance(configuration, step, &stepped);
        arrays_advance(configuration, step, &got);
        memcpy(got.array[PARAM], stepped.array[PARAM], n * sizeof *delta);
        assert_same_arrays(configuration, &stepped, &got, "step %" PRIu64, step);
    }
    arrays_free(&stepped);
    arrays_free(&got);
}

static void delta_is_what_a_step_adds(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < COUNT(ns); j++)
            for (int kind = 0; kind < DATA_KINDS; kind++)
                for (unsigned way = 0; way < 2; way++)
                    check_steps(&all[i], ns[j], (enum data_kind)kind,
                                (unsigned)(17 * i + 7 * j + 3 * (unsigned)kind) + way);
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* Parameters in memory that cannot be written, and both arrays between pages that cannot be touched. */
static void check_memory(const struct configuration *configuration, size_t n, bool at_end)
{
    struct arrays arrays = arrays_new(n);
    struct fence fences[2] = {fence_new(2), fence_new(2)};
    float *const own = arrays.array[PARAM];
    arrays_fill(configuration, &arrays, ORDINARY, n);
    arrays.array[PARAM] = fence_place(&fences[0], n * sizeof *own, at_end);
    memcpy(arrays.array[PARAM], own, n * sizeof *own);
    struct delta_call call = {configuration, 1, &arrays, fence_place(&fences[1], n * sizeof *own, at_end)};
    fence_say("%s, n %zu", configuration->label, n);
    assert_int_equal(make_delta(&call, NULL), DESCEND_OK);
    arrays.array[PARAM] = own;
    arrays_free(&arrays);
    fence_free(&fences[0]);
    fence_free(&fences[1]);
}

static void check_memory_of(const struct configuration *configuration)
{
    for (size_t n = 1; n < 70; n++)
        for (int at_end = 0; at_end < 2; at_end++)
            check_memory(configuration, n, at_end);
}

static void nothing_outside_is_touched(void **state)
{
    (void)state;
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for_each_structure(check_memory_of);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

enum { REFUSED_N = 9, ROOM = 8 * REFUSED_N };
static float room[ROOM];

/* The arrays at multiples of REFUSED_N in room. */
static descend_status refused(const float *param, const float *grad, float *delta)
{
    static float before[ROOM];
    float *const state[] = {room + 3 * (size_t)REFUSED_N, room + 4 * (size_t)REFUSED_N, NULL};
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    fill(room, ROOM, ORDINARY, 1);
    memcpy(before, room, sizeof room);
    const descend_status status = descend_step_delta(&config, 1, param, grad, state, delta, REFUSED_N, NULL);
    assert_memory_equal(room, before, sizeof room);
    return status;
}

static void bad_arrays_are_refused(void **state)
{
    (void)state;
    float *const param = room, *const grad = room + REFUSED_N, *const delta = room + 2 * (size_t)REFUSED_N;
    float *const misaligned = (float *)((uintptr_t)(room + 6 * (size_t)REFUSED_N) + 1);
    assert_int_equal(refused(NULL, grad, delta), DESCEND_NULL_ARRAY);
    assert_int_equal(refused(param, NULL, delta), DESCEND_NULL_ARRAY);
    assert_int_equal(refused(param, grad, NULL), DESCEND_NULL_ARRAY);
    assert_int_equal(refused(misaligned, grad, delta), DESCEND_MISALIGNED);
    assert_int_equal(refused(param, grad, misaligned), DESCEND_MISALIGNED);
    assert_int_equal(refused(param, grad, param), DESCEND_OVERLAP);
    assert_int_equal(refused(param, grad, param + REFUSED_N - 1), DESCEND_OVERLAP);
    assert_int_equal(refused(param, param, delta), DESCEND_OVERLAP);
    assert_int_equal(refused(room + 3 * (size_t)REFUSED_N, grad, delta), DESCEND_OVERLAP);
    assert_int_equal(refused((const float *)(UINTPTR_MAX - 3), grad, delta), DESCEND_BAD_N);
}

static void bad_configs_are_refused(void **state)
{
    (void)state;
    descend_config config = descend_config_defaults(DESCEND_NADAM);
    assert_int_equal(descend_step_delta(NULL, 1, NULL, NULL, NULL, NULL, 0, NULL), DESCEND_NULL_CONFIG);
    assert_int_equal(descend_step_delta(&config, 1, room, room, NULL, room, 1, NULL), DESCEND_NULL_ARRAY);
    config.kind = (descend_kind)99;
    assert_int_equal(descend_step_delta(&config, 1, NULL, NULL, NULL, NULL, 0, NULL), DESCEND_BAD_KIND);
    config = descend_config_defaults(DESCEND_SGD);
    assert_int_equal(descend_step_delta(&config, 0, NULL, NULL, NULL, NULL, 0, NULL), DESCEND_BAD_STEP);
    assert_int_equal(descend_step_delta(&config, 1, NULL, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_is_what_a_step_adds),
        cmocka_unit_test(nothing_outside_is_touched),
        cmocka_unit_test(bad_arrays_are_refused),
        cmocka_unit_test(bad_configs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
