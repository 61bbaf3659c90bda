/* SPDX-License-Identifier: MIT */
/* What descend_optimizer_add refuses, each by its own status, with nothing changed; and what it takes. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mirror.h"
#include "test.h"

/* Two tensors, each with all its arrays given, far from each other in one room. */
enum { N = 100, COPY = ARRAYS, GIVEN = ARRAYS + 1, SPACING = 3 * N };
static float room[2 * GIVEN * SPACING];

static float *slot(unsigned tensor, unsigned k)
{
    return room + N + (tensor * GIVEN + k) * SPACING;
}

static void *moved(const void *array, ptrdiff_t bytes)
{
    return (void *)((uintptr_t)array + (uintptr_t)bytes);
}

static descend_array *array_of(descend_tensor *tensor, unsigned k)
{
    return k == PARAM  ? &tensor->param
           : k == GRAD ? &tensor->grad
           : k == COPY ? &tensor->copy
                       : &tensor->state[k - STATE];
}

static bool is_given(const struct configuration *configuration, unsigned k)
{
    return k < STATE || k == COPY || k - STATE < configuration->states;
}

static descend_tensor tensor_in_room(const struct configuration *configuration, unsigned which)
{
    descend_tensor tensor = {.name = which ? "second" : "first", .n = N, .step = which};
    for (unsigned k = 0; k < GIVEN; k++)
        if (is_given(configuration, k))
            array_of(&tensor, k)->data = slot(which, k);
    tensor.copy.dtype = DESCEND_BF16;
    return tensor;
}

static descend_optimizer *with_tensors(const struct configuration *configuration, const descend_tensor *tensors,
                                       size_t count)
{
    descend_optimizer *optimizer;
    assert_int_equal(descend_optimizer_create(&optimizer, &configuration->config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, tensors, count), DESCEND_OK);
    return optimizer;
}

/* What all checks go on: the first tensor is there, the second is about to be added. */
struct trial {
    const struct configuration *configuration;
    descend_optimizer *optimizer;
    descend_tensor first, second;
};

static struct trial trial_of(const struct configuration *configuration)
{
    struct trial trial = {configuration, NULL, tensor_in_room(configuration, 0), tensor_in_room(configuration, 1)};
    trial.optimizer = with_tensors(configuration, &trial.first, 1);
    return trial;
}

static void assert_refused(const struct trial *trial, const descend_tensor *tensors, size_t count,
                           descend_status expected, const char *what)
{
    static float before[COUNT(room)];
    memcpy(before, room, sizeof room);
    const descend_status status = descend_optimizer_add(trial->optimizer, 0, tensors, count);
    if (status != expected)
        fail_msg("%s, %s: %d (%s), not %d (%s)", trial->configuration->label, what, (int)status,
                 descend_status_string(status), (int)expected, descend_status_string(expected));
    assert_memory_equal(before, room, sizeof room);
    assert_int_equal(descend_optimizer_tensor_count(trial->optimizer), 1);
    assert_int_equal(descend_optimizer_find(trial->optimizer, trial->second.name), 1);
}

/* The second tensor, changed, is refused alone, behind the good one, and before it; what it was is then good. */
static void refuse(struct trial *trial, const descend_tensor *bad, descend_status expected, const char *what)
{
    static float elsewhere[N];
    const descend_tensor good = {.name = "good", .n = N, .param.data = elsewhere};
    const descend_tensor orders[][2] = {{good, *bad}, {*bad, good}};
    assert_refused(trial, bad, 1, expected, what);
    assert_refused(trial, orders[0], 2, expected, what);
    assert_refused(trial, orders[1], 2, expected, what);
    assert_int_equal(descend_optimizer_find(trial->optimizer, "good"), 1);
}

static void accept(const struct configuration *configuration, const descend_tensor *tensor, const char *what)
{
    struct trial trial = trial_of(configuration);
    const descend_status status = descend_optimizer_add(trial.optimizer, 0, tensor, 1);
    if (status != DESCEND_OK)
        fail_msg("%s, %s: %d (%s)", configuration->label, what, (int)status, descend_status_string(status));
    assert_int_equal(descend_optimizer_tensor_count(trial.optimizer), 2);
    descend_optimizer_destroy(trial.optimizer);
}

/* The configuration of each optimizer that uses all states: its last. */
static void for_each_fullest(void (*check)(struct trial *trial))
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || strcmp(all[i].optimizer, all[i + 1].optimizer) != 0) {
            struct trial trial = trial_of(&all[i]);
            check(&trial);
            assert_int_equal(descend_optimizer_add(trial.optimizer, 0, &trial.second, 1), DESCEND_OK);
            descend_optimizer_destroy(trial.optimizer);
        }
}

static void check_arrays(struct trial *trial)
{
    descend_tensor bad = trial->second;
    bad.param.data = NULL;
    refuse(trial, &bad, DESCEND_NULL_ARRAY, "param NULL");
    for (unsigned k = 0; k < GIVEN; k++)
        for (ptrdiff_t bytes = 1; bytes <= 3 && is_given(trial->configuration, k); bytes++) {
            bad = trial->second;
            array_of(&bad, k)->data = moved(array_of(&bad, k)->data, bytes);
            if (k == COPY && bytes == 2)
                accept(trial->configuration, &bad, "a copy at an odd multiple of 2");
            else
                refuse(trial, &bad, DESCEND_MISALIGNED, "misaligned");
        }
    for (unsigned k = 0; k < GIVEN; k++)
        if (is_given(trial->configuration, k)) {
            bad = trial->second;
            array_of(&bad, k)->data = moved(NULL, -(ptrdiff_t)sizeof(float));
            refuse(trial, &bad, DESCEND_BAD_N, "an array that ends beyond the address space");
        }
}

static void bad_arrays(void **state)
{
    (void)state;
    for_each_fullest(check_arrays);
}

/* By whether the library would have this dtype for it. A parameter with a copy is float32. */
static void check_dtypes(struct trial *trial)
{
    static const descend_dtype least = (descend_dtype)UINT32_MAX;
    const struct configuration *configuration = trial->configuration;
    for (unsigned k = 0; k < GIVEN; k++)
        for (descend_dtype dtype = DESCEND_F32; dtype <= DESCEND_UB8 + 2 && is_given(configuration, k); dtype++) {
            descend_tensor bad = trial->second;
            bool good = dtype == DESCEND_F32 && k != COPY;
            if (k == COPY || k == GRAD)
                good = good || dtype == DESCEND_BF16 || dtype == DESCEND_F16;
            else if (k >= STATE && descend_kind_state(configuration->kind, k - STATE)->smallest != DESCEND_F32)
                good = good || dtype == DESCEND_BF16 ||
                       dtype == descend_kind_state(configuration->kind, k - STATE)->smallest;
            array_of(&bad, k)->dtype = dtype <= DESCEND_UB8 + 1 ? dtype : least;
            if (!good)
                refuse(trial, &bad, DESCEND_BAD_DTYPE, "dtype");
        }
}

static void bad_dtypes(void **state)
{
    (void)state;
    for_each_fullest(check_dtypes);
}

static ptrdiff_t bytes_of(const struct configuration *configuration, unsigned k)
{
    return k == COPY ? 2 * N : 4 * (ptrdiff_t)array_length(configuration, k, N);
}

/* Array j of `tensor` begins so many bytes behind array i of `other`, which may be the same tensor. */
static void check_pair(struct trial *trial, unsigned other, unsigned i, unsigned j)
{
    const ptrdiff_t bytes_i = bytes_of(trial->configuration, i), bytes_j = bytes_of(trial->configuration, j);
    const ptrdiff_t element_j = j == COPY ? 2 : 4;
    const ptrdiff_t shared[] = {0, bytes_i / 8 * 4, bytes_i - element_j, -bytes_j / 8 * 4, element_j - bytes_j};
    const ptrdiff_t touching[] = {bytes_i, -bytes_j};
    for (size_t s = 0; s < COUNT(shared); s++) {
        descend_tensor bad = trial->second;
        array_of(&bad, j)->data = moved(slot(other, i), shared[s]);
        refuse(trial, &bad, DESCEND_OVERLAP, "shared memory");
        if (other == 0) { /* both in one call, in either order */
            descend_optimizer *optimizer = with_tensors(trial->configuration, NULL, 0);
            const descend_tensor both[] = {trial->first, bad}, reversed[] = {bad, trial->first};
            assert_int_equal(descend_optimizer_add(optimizer, 0, both, 2), DESCEND_OVERLAP);
            assert_int_equal(descend_optimizer_add(optimizer, 0, reversed, 2), DESCEND_OVERLAP);
            assert_int_equal(descend_optimizer_tensor_count(optimizer), 0);
            descend_optimizer_destroy(optimizer);
        }
    }
    for (size_t s = 0; s < COUNT(touching); s++) {
        descend_tensor good = trial->second;
        array_of(&good, j)->data = moved(slot(other, i), touching[s]);
        accept(trial->configuration, &good, "arrays end to end");
    }
}

static void check_overlaps(struct trial *trial)
{
    for (unsigned other = 0; other < 2; other++)
        for (unsigned i = 0; i < GIVEN; i++)
            for (unsigned j = 0; j < GIVEN; j++)
                if (is_given(trial->configuration, i) && is_given(trial->configuration, j) && (other == 0 || i != j))
                    check_pair(trial, other, i, j);
}

static void overlapping_arrays(void **state)
{
    (void)state;
    for_each_fullest(check_overlaps);
}

/* The object's own state is no place for a parameter; nor is a gradient where it is now, but where it was before. */
static void check_what_came_later(size_t n)
{
    static float param[N], moving[2][N];
    descend_optimizer *optimizer;
    descend_tensor now, tensor = {.name = "w", .n = n, .param.data = param, .grad.data = moving[0]};
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    assert_int_equal(descend_optimizer_create(&optimizer, &config), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    assert_int_equal(descend_optimizer_step(optimizer, NULL, NULL), DESCEND_OK);
    assert_int_equal(descend_optimizer_tensor(optimizer, 0, &now, NULL), DESCEND_OK);
    tensor = (descend_tensor){.name = "v", .n = 1, .param.data = (float *)now.state[1].data + n - 1};
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OVERLAP);
    tensor.param.data = moving[0];
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OVERLAP);
    assert_int_equal(descend_optimizer_set_grad(optimizer, 0, moving[1]), DESCEND_OK);
    tensor.param.data = moving[1];
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OVERLAP);
    tensor.param.data = moving[0];
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    assert_int_equal(descend_optimizer_set_grad(optimizer, 0, NULL), DESCEND_OK);
    tensor.name = "u", tensor.param.data = moving[1];
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    descend_optimizer_destroy(optimizer);
}

static void overlap_with_what_came_later(void **state)
{
    (void)state;
    check_what_came_later(N);
    check_what_came_later(1);
}

static void check_numbers(struct trial *trial)
{
    static const size_t too_many[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4 + 1, SIZE_MAX / 4 + 2,
                                      SIZE_MAX / 4 * 3 + 101};
    static const uint64_t bad_steps[] = {STEP_MAX + 1, UINT64_C(1) << 63, UINT64_MAX};
    static const uint64_t bad_firsts[] = {STEP_MAX - N + 1, STEP_MAX, UINT64_MAX - N + 1, UINT64_MAX};
    descend_tensor changed = trial->second;
    for (size_t i = 0; i < COUNT(too_many); i++) {
        changed.n = too_many[i];
        refuse(trial, &changed, DESCEND_BAD_N, "too many elements");
    }
    changed = trial->second;
    for (size_t i = 0; i < COUNT(bad_steps); i++) {
        changed.step = bad_steps[i];
        refuse(trial, &changed, DESCEND_BAD_STEP, "step");
    }
    changed.step = STEP_MAX;
    accept(trial->configuration, &changed, "the last step");
    for (size_t i = 0; i < COUNT(bad_firsts); i++) {
        changed.first = bad_firsts[i];
        refuse(trial, &changed, DESCEND_BAD_FIRST, "first");
    }
    changed.first = STEP_MAX - N;
    accept(trial->configuration, &changed, "the last shard");
    changed = trial->second;
    for (size_t word = 0; word < COUNT(changed.reserved); word++)
        for (int bit = 0; bit < (int)(8 * sizeof changed.reserved[0]); bit += 9) {
            changed.reserved[word] = (uintptr_t)1 << bit;
            refuse(trial, &changed, DESCEND_BAD_RESERVED, "reserved");
            changed.reserved[word] = 0;
        }
}

static void bad_numbers(void **state)
{
    (void)state;
    for_each_fullest(check_numbers);
}

static void check_groups(struct trial *trial)
{
    static const unsigned bad[] = {1, 2, UINT32_MAX};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(descend_optimizer_add(trial->optimizer, bad[i], &trial->second, 1), DESCEND_BAD_GROUP);
        assert_int_equal(descend_optimizer_add(trial->optimizer, bad[i], NULL, 0), DESCEND_BAD_GROUP);
    }
    assert_int_equal(descend_optimizer_tensor_count(trial->optimizer), 1);
}

static void bad_groups(void **state)
{
    (void)state;
    for_each_fullest(check_groups);
}

static void check_names(struct trial *trial)
{
    static const char *const bad[] = {NULL,
                                      "",
                                      "\x80",
                                      "\xff",
                                      "a\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "w\xed\xbf\xbf",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x9f\x98",
                                      "\xc3(",
                                      "\xe2(\xa1",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80"};
    static const char *const good[] = {"w",
                                       "\xce\xa9",
                                       "\xc2\x80",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "a\tb\"\\\x01/..",
                                       "firs",
                                       "firstfirst",
                                       "First"};
    descend_tensor tensor = trial->second;
    for (size_t i = 0; i < COUNT(bad); i++) {
        tensor.name = bad[i];
        refuse(trial, &tensor, DESCEND_BAD_NAME, "name");
    }
    tensor.name = "first";
    refuse(trial, &tensor, DESCEND_DUPLICATE_NAME, "duplicate name");
    tensor.name = "good"; /* as its companion's */
    static float elsewhere[N];
    const descend_tensor both[] = {tensor, {.name = "good", .n = N, .param.data = elsewhere}};
    assert_refused(trial, both, 2, DESCEND_DUPLICATE_NAME, "duplicate within one call");
    for (size_t i = 0; i < COUNT(good); i++) {
        tensor.name = good[i];
        accept(trial->configuration, &tensor, good[i]);
    }
}

static void names(void **state)
{
    (void)state;
    for_each_fullest(check_names);
}

static void check_no_elements(struct trial *trial)
{
    descend_tensor tensor = trial->second;
    tensor.n = 0;
    accept(trial->configuration, &tensor, "no elements");
    for (unsigned k = 0; k < GIVEN; k++)
        array_of(&tensor, k)->data = slot(0, 0) + N / 2;
    accept(trial->configuration, &tensor, "no elements, all arrays within another");
    for (unsigned k = 0; k < GIVEN; k++)
        array_of(&tensor, k)->data = NOWHERE;
    accept(trial->configuration, &tensor, "no elements, arrays misaligned and unmapped");
    for (unsigned k = 0; k < GIVEN; k++)
        array_of(&tensor, k)->data = NULL;
    accept(trial->configuration, &tensor, "no elements, arrays NULL");
}

static void no_elements_with_any_pointers(void **state)
{
    (void)state;
    for_each_fullest(check_no_elements);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_arrays),
        cmocka_unit_test(bad_dtypes),
        cmocka_unit_test(overlapping_arrays),
        cmocka_unit_test(overlap_with_what_came_later),
        cmocka_unit_test(bad_numbers),
        cmocka_unit_test(bad_groups),
        cmocka_unit_test(names),
        cmocka_unit_test(no_elements_with_any_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
