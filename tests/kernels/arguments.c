/* SPDX-License-Identifier: MIT */
/* Every bad array, n, step and exec: its own error, and no byte changed. The configs are in
 * tests/kernels/config.c. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "test.h"

/* Runs the check on every configuration. */
static void for_each_configuration(void (*check)(const struct configuration *))
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        check(&all[i]);
}

static float *moved(const float *array, ptrdiff_t bytes)
{
    return (float *)((uintptr_t)array + (uintptr_t)bytes);
}

static void check_null(const struct configuration *configuration)
{
    struct call call = call_of(configuration);
    call.without_config = true;
    assert_refused(&call, DESCEND_NULL_CONFIG, "NULL config");
    call.n = 0;
    assert_refused(&call, DESCEND_NULL_CONFIG, "NULL config");

    for (uint64_t step = 1; step <= 2; step++)
        for (size_t k = 0; k < call_arrays(&call); k++) {
            call = call_of(configuration);
            call.step = step;
            call.array[k] = NULL;
            if (call_uses(&call, k))
                assert_refused(&call, DESCEND_NULL_ARRAY, "array %zu NULL", k);
            else
                assert_accepted(&call, "unused array %zu NULL", k);
        }
}

static void null_config_and_arrays(void **state)
{
    (void)state;
    for_each_configuration(check_null);
}

static void check_misaligned(const struct configuration *configuration)
{
    for (ptrdiff_t bytes = 1; bytes <= 3; bytes++)
        for (size_t k = 0; k < STATE + configuration->arrays; k++) {
            struct call call = call_of(configuration);
            call.array[k] = moved(call.array[k], bytes);
            if (call_uses(&call, k))
                assert_refused(&call, DESCEND_MISALIGNED, "array %zu off by %td bytes", k, bytes);
            else
                assert_accepted(&call, "unused array %zu off by %td bytes", k, bytes);
        }
}

static void misaligned_arrays(void **state)
{
    (void)state;
    for_each_configuration(check_misaligned);
}

/* The config uses both arrays: j is laid over i, by so many elements further on. */
static void check_pair(const struct configuration *configuration, size_t i, size_t j)
{
    static const ptrdiff_t shared[] = {0, 1, -1, CALL_N / 2, -CALL_N / 2, CALL_N - 1, -(CALL_N - 1)};
    static const ptrdiff_t touching[] = {CALL_N, -CALL_N};
    for (size_t s = 0; s < COUNT(shared); s++) {
        struct call call = call_of(configuration);
        call.array[j] = call.array[i] + shared[s];
        assert_refused(&call, DESCEND_OVERLAP, "array %zu starts at element %td of array %zu", j, shared[s], i);
    }
    for (size_t s = 0; s < COUNT(touching); s++) {
        struct call call = call_of(configuration);
        call.array[j] = call.array[i] + touching[s];
        assert_accepted(&call, "array %zu starts at element %td of array %zu", j, touching[s], i);
    }
}

static void check_unused_overlap(const struct configuration *configuration, size_t unused)
{
    for (size_t i = 0; i < STATE + configuration->arrays; i++) {
        struct call call = call_of(configuration);
        call.array[unused] = call.array[i];
        assert_accepted(&call, "unused array %zu equals array %zu", unused, i);
    }
}

/* All arrays end to end without a gap, in ascending and in descending order. */
static void check_neighbours(const struct configuration *configuration)
{
    for (int descending = 0; descending < 2; descending++) {
        struct call call = call_of(configuration);
        float *const start = call.array[0];
        const size_t count = call_arrays(&call);
        for (size_t k = 0; k < count; k++)
            call.array[k] = start + CALL_N * (descending ? count - 1 - k : k);
        assert_accepted(&call, "arrays end to end, %s", descending ? "descending" : "ascending");
    }
}

static void check_overlaps(const struct configuration *configuration)
{
    const struct call call = call_of(configuration);
    for (size_t i = 0; i < call_arrays(&call); i++) {
        if (!call_uses(&call, i))
            check_unused_overlap(configuration, i);
        for (size_t j = 0; j < call_arrays(&call); j++)
            if (i != j && call_uses(&call, i) && call_uses(&call, j))
                check_pair(configuration, i, j);
    }
    check_neighbours(configuration);
}

static void overlapping_arrays(void **state)
{
    (void)state;
    for_each_configuration(check_overlaps);
}

static void check_unused(const struct configuration *configuration)
{
    struct call call = call_of(configuration);
    float *const beyond_the_end = moved(NULL, -4);
    for (size_t k = 0; k < call_arrays(&call); k++)
        if (!call_uses(&call, k)) {
            call.array[k] = NOWHERE;
            assert_accepted(&call, "unused array %zu misaligned and unmapped", k);
            call.array[k] = beyond_the_end;
            assert_accepted(&call, "unused array %zu at the end of the address space", k);
        }
}

static void unused_arrays_are_never_looked_at(void **state)
{
    (void)state;
    for_each_configuration(check_unused);
}

static void check_limits(const struct configuration *configuration)
{
    /* SIZE_MAX / 4 + 1 elements are 0 bytes modulo 2^64, one more are 4 */
    static const size_t too_many[] = {SIZE_MAX,           SIZE_MAX - 1,       SIZE_MAX / 2,           SIZE_MAX / 4,
                                      SIZE_MAX / 4 + 1,   SIZE_MAX / 4 + 2,   PTRDIFF_MAX / 4 + 1,    PTRDIFF_MAX / 2,
                                      SIZE_MAX / 2 + 101, SIZE_MAX / 4 + 101, SIZE_MAX / 4 * 3 + 101, PTRDIFF_MAX};
    for (size_t i = 0; i < COUNT(too_many); i++) {
        struct call call = call_of(configuration);
        call.n = too_many[i];
        assert_refused(&call, DESCEND_BAD_N, "too many elements");
    }
    /* The largest n that an object may have is no bad n; no three such arrays are free of overlap, though. */
    struct call call = call_of(configuration);
    call.n = PTRDIFF_MAX / sizeof(float);
    assert_refused(&call, DESCEND_OVERLAP, "as large as an object may be");
    for (size_t k = 0; k < call_arrays(&call); k++) {
        call = call_of(configuration);
        call.array[k] = moved(NULL, -(ptrdiff_t)sizeof(float) * (CALL_N - 1));
        if (call_uses(&call, k))
            assert_refused(&call, DESCEND_BAD_N, "array %zu ends one element beyond the address space", k);
        call.array[k] = moved(NULL, -(ptrdiff_t)sizeof(float));
        if (call_uses(&call, k))
            assert_refused(&call, DESCEND_BAD_N, "array %zu has one element within the address space", k);
    }
}

static void n_beyond_the_address_space(void **state)
{
    (void)state;
    for_each_configuration(check_limits);
}

static void check_no_elements(const struct configuration *configuration)
{
    struct call call = call_of(configuration);
    call.n = 0;
    assert_accepted(&call, "ordinary arrays");
    for (size_t k = 0; k < ARRAYS; k++)
        call.array[k] = NULL;
    assert_accepted(&call, "arrays all NULL");
    for (size_t k = 0; k < ARRAYS; k++)
        call.array[k] = NOWHERE;
    assert_accepted(&call, "arrays all equal, misaligned and unmapped");
    for (size_t k = 0; k < ARRAYS; k++)
        call.array[k] = moved(NULL, -4);
    assert_accepted(&call, "arrays all at the end of the address space");
}

static void no_elements_with_any_pointers(void **state)
{
    (void)state;
    for_each_configuration(check_no_elements);
}

static void check_steps(const struct configuration *configuration)
{
    static const struct {
        uint64_t step;
        descend_status status;
    } cases[] = {{0, DESCEND_BAD_STEP},
                 {1, DESCEND_OK},
                 {UINT64_C(1) << 32, DESCEND_OK},
                 {(UINT64_C(1) << 53) - 1, DESCEND_OK},
                 {UINT64_C(1) << 53, DESCEND_OK},
                 {(UINT64_C(1) << 53) + 1, DESCEND_BAD_STEP},
                 {UINT64_C(1) << 63, DESCEND_BAD_STEP},
                 {UINT64_MAX, DESCEND_BAD_STEP}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct call call = call_of(configuration);
        call.step = cases[i].step;
        for (int empty = 0; empty < 2; empty++, call.n = 0)
            if (cases[i].status == DESCEND_OK)
                assert_accepted(&call, "good step");
            else
                assert_refused(&call, cases[i].status, "bad step");
    }
}

static void steps(void **state)
{
    (void)state;
    for_each_configuration(check_steps);
}

/* A refused call never comes here. */
static unsigned runs;
static void run_here(void *pool, descend_task *task, void *work, unsigned tasks)
{
    (void)pool;
    runs++;
    for (unsigned i = 0; i < tasks; i++)
        task(work, i);
}

static const struct {
    const char *what;
    descend_exec exec;
    descend_status status;
} exec_cases[] = {
    {"all zeros", {0}, DESCEND_OK},
    {"one thread", {.threads = 1}, DESCEND_OK},
    {"serial below everything", {.serial_below = SIZE_MAX}, DESCEND_OK},
    {"slice 0 of 1", {.slices = 1}, DESCEND_OK},
    {"slice 6 of 7", {.slice = 6, .slices = 7}, DESCEND_OK},
    {"the last of the most slices", {.slice = UINT_MAX - 1, .slices = UINT_MAX}, DESCEND_OK},
    {"run with one task", {.threads = 1, .run = run_here}, DESCEND_OK},
    {"run with two tasks", {.threads = 2, .run = run_here}, DESCEND_OK},
    {"slice 1 of 1", {.slice = 1, .slices = 1}, DESCEND_BAD_SLICE},
    {"slice 7 of 7", {.slice = 7, .slices = 7}, DESCEND_BAD_SLICE},
    {"slice 8 of 7", {.slice = 8, .slices = 7}, DESCEND_BAD_SLICE},
    {"slice beyond the most slices", {.slice = UINT_MAX, .slices = UINT_MAX}, DESCEND_BAD_SLICE},
    {"slice 1 without slices", {.slice = 1}, DESCEND_BAD_SLICE},
    {"the largest slice without slices", {.slice = UINT_MAX}, DESCEND_BAD_SLICE},
    {"slice without slices, one thread", {.slice = 1, .threads = 1}, DESCEND_BAD_SLICE},
    {"one slice with one thread", {.slices = 1, .threads = 1}, DESCEND_BAD_SPLIT},
    {"one slice with run", {.slices = 1, .run = run_here}, DESCEND_BAD_SPLIT},
    {"slices with one thread", {.slices = 2, .threads = 1}, DESCEND_BAD_SPLIT},
    {"slices with threads", {.slice = 1, .slices = 2, .threads = 2}, DESCEND_BAD_SPLIT},
    {"slices with run", {.slices = 2, .run = run_here}, DESCEND_BAD_SPLIT},
    {"slices with run and threads", {.slices = 2, .threads = 2, .run = run_here}, DESCEND_BAD_SPLIT},
    {"run with no threads", {.run = run_here}, DESCEND_BAD_THREADS},
    {"run with no threads, serial", {.run = run_here, .serial_below = SIZE_MAX}, DESCEND_BAD_THREADS},
};

static void check_exec(const struct configuration *configuration)
{
    struct call call = call_of(configuration);
    for (size_t i = 0; i < COUNT(exec_cases); i++) {
        call = call_of(configuration);
        call.exec = &exec_cases[i].exec;
        descend_status status = exec_cases[i].status;
        if (status == DESCEND_OK && call.exec->slices > 0 && !configuration->in_slices)
            status = DESCEND_NO_SLICES;
        for (int empty = 0; empty < 2; empty++, call.n = 0)
            if (status == DESCEND_OK)
                assert_accepted(&call, "%s", exec_cases[i].what);
            else
                assert_refused(&call, status, "%s", exec_cases[i].what);
    }
    for (size_t word = 0; word < COUNT(call.exec->reserved); word++)
        for (int bit = 0; bit < (int)(8 * sizeof call.exec->reserved[0]); bit += 9) {
            descend_exec exec = {0};
            exec.reserved[word] = (uintptr_t)1 << bit;
            call = call_of(configuration);
            call.exec = &exec;
            assert_refused(&call, DESCEND_BAD_RESERVED, "bit %d of reserved[%zu]", bit, word);
            call.n = 0;
            assert_refused(&call, DESCEND_BAD_RESERVED, "bit %d of reserved[%zu]", bit, word);
        }
}

static void exec(void **state)
{
    (void)state;
    for_each_configuration(check_exec);
}

/* Spoils one argument; false where this configuration has no such. */
static bool spoil(struct call *call, unsigned which, descend_status *status)
{
    static const double negative = -1;
    switch (which) {
    case 0:
        *status = DESCEND_NULL_ARRAY;
        call->array[GRAD] = NULL;
        return true;
    case 1: /* in the last element only, which one slice alone would touch */
        *status = DESCEND_OVERLAP;
        call->array[GRAD] = call->array[PARAM] + (CALL_N - 1);
        return true;
    case 2:
        *status = DESCEND_BAD_STEP;
        call->step = 0;
        return true;
    case 3:
        *status = DESCEND_BAD_N;
        call->n = SIZE_MAX;
        return true;
    case 4: /* lr is the first field of every config */
        *status = DESCEND_BAD_LR;
        memcpy(call->configuration.config.room, &negative, sizeof negative);
        return true;
    case 5:
        *status = DESCEND_NULL_CONFIG;
        call->without_config = true;
        return true;
    default:
        return false;
    }
}

/* All slices return the same, those without elements too; and run is not called for nothing. */
static void check_every_part(const struct configuration *configuration)
{
    enum { SLICES = 5 };
    struct call call = call_of(configuration);
    descend_status status;
    for (unsigned which = 0; spoil(&call, which, &status); which++, call = call_of(configuration)) {
        for (unsigned slice = 0; configuration->in_slices && slice < SLICES; slice++) {
            const descend_exec exec = {.slice = slice, .slices = SLICES};
            call.exec = &exec;
            assert_refused(&call, status, "slice %u of %d", slice, SLICES);
        }
        const descend_exec threads = {.threads = 2, .serial_below = 1};
        call.exec = &threads;
        assert_refused(&call, status, "two threads");
        const descend_exec run = {.threads = 2, .run = run_here};
        call.exec = &run;
        runs = 0;
        assert_refused(&call, status, "run");
        if (runs != 0)
            fail_msg("%s: run was called by a call that returned %d", configuration->label, (int)status);
    }
}

static void an_error_is_every_slices(void **state)
{
    (void)state;
    for_each_configuration(check_every_part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_config_and_arrays),
        cmocka_unit_test(misaligned_arrays),
        cmocka_unit_test(overlapping_arrays),
        cmocka_unit_test(unused_arrays_are_never_looked_at),
        cmocka_unit_test(n_beyond_the_address_space),
        cmocka_unit_test(no_elements_with_any_pointers),
        cmocka_unit_test(steps),
        cmocka_unit_test(exec),
        cmocka_unit_test(an_error_is_every_slices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
