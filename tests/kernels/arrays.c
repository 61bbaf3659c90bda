/* SPDX-License-Identifier: MIT */
/* Arrays of every type from and to float32, and sums of them: the bits that docs/numerics.md says, on every variant and
 * in any parts; no byte outside is touched; what is refused. */
#include <stdint.h>
#include <string.h>

#include "executions.h"
#include "fence.h"
#include "mirror.h"
#include "support/storage.h"
#include "test.h"

enum { TYPES = DESCEND_UB8 + 1, MOST = 770 };

/* An array, the same by the rules, and floats. */
static struct fence data, second, floats;
static float values[MOST], expected[MOST];

static size_t bytes_of(descend_dtype dtype, size_t n, size_t *of_second)
{
    size_t of_data;
    descend_array_size(dtype, n, &of_data, of_second);
    return of_data;
}

/* Like another array, where it is fenced; all other bytes of that memory are 0xa5. */
static descend_array fenced(const descend_array *like, size_t n, bool at_end)
{
    size_t of_second;
    const size_t of_data = bytes_of(like->dtype, n, &of_second);
    const descend_array array = {.data = fence_place(&data, of_data, at_end),
                                 .dtype = like->dtype,
                                 .second = of_second ? fence_place(&second, of_second, at_end) : NULL};
    memset(data.memory, 0xa5, data.bytes);
    memset(second.memory, 0xa5, second.bytes);
    memcpy(array.data, like->data, of_data);
    if (of_second)
        memcpy(array.second, like->second, of_second);
    return array;
}

static float *fenced_floats(const float *like, size_t n, bool at_end)
{
    memset(floats.memory, 0xa5, floats.bytes);
    return memcpy(fence_place(&floats, n * sizeof(float), at_end), like, n * sizeof(float));
}

/* Nothing in the memory around these bytes was written. */
static void assert_untouched_around(const struct fence *fence, size_t bytes, bool at_end)
{
    const unsigned char *around = fence->memory + (at_end ? 0 : bytes);
    for (size_t i = 0; i < fence->bytes - bytes; i++)
        assert_int_equal(around[i], 0xa5);
}

static void assert_floats(const float *found, size_t n, bool at_end, const char *what, descend_dtype dtype)
{
    const size_t i = first_difference(expected, found, n);
    if (i < n)
        fail_msg("%s, %s, dtype %d: element %zu of %zu is %a, not %a", descend_isa_active(), what, (int)dtype, i, n,
                 (double)found[i], (double)expected[i]);
    assert_untouched_around(&floats, n * sizeof(float), at_end);
}

/* Loads what the rules have stored, adds it, and stores it again. */
static void check_array(const descend_array *stored, size_t n, bool at_end)
{
    size_t of_second;
    const size_t of_data = bytes_of(stored->dtype, n, &of_second);
    const descend_array array = fenced(stored, n, at_end);
    fence_say("%s, dtype %d, n %zu, at the %s", descend_isa_active(), (int)stored->dtype, n,
              at_end ? "end" : "beginning");

    stored_get(stored, n, expected);
    float *found = fenced_floats(values, n, at_end);
    assert_int_equal(descend_array_load(&array, n, found), DESCEND_OK);
    assert_floats(found, n, at_end, "load", stored->dtype);

    for (size_t i = 0; i < n; i++)
        expected[i] = values[i] + expected[i];
    found = fenced_floats(values, n, at_end);
    assert_int_equal(descend_array_accumulate(&array, 1, n, found, NULL), DESCEND_OK);
    assert_floats(found, n, at_end, "accumulate", stored->dtype);
    assert_true(stored_equal(&array, stored, n));

    found = fenced_floats(values, n, at_end);
    memset(array.data, 0x5a, of_data);
    assert_int_equal(descend_array_store(&array, n, found), DESCEND_OK);
    if (stored->dtype != DESCEND_F16)
        stored_put(stored, n, values, NULL);
    if (stored->dtype != DESCEND_F16 && !stored_equal(&array, stored, n))
        fail_msg("%s, store, dtype %d, n %zu", descend_isa_active(), (int)stored->dtype, n);
    assert_untouched_around(&data, of_data, at_end);
    assert_untouched_around(&second, of_second, at_end);
    memcpy(expected, values, n * sizeof(float));
    assert_floats(found, n, at_end, "store", stored->dtype);
}

static void set_array(const descend_array *array, size_t n, enum data_kind kind, uint64_t seed)
{
    fill(values, n, kind, seed);
    stored_put(array, n, values, NULL);
    for (size_t i = 0; i < n && array->dtype == DESCEND_F16; i++)
        ((uint16_t *)array->data)[i] = (uint16_t)random_bits(&seed);
    fill(values, n, kind, seed + 1);
}

static void check_lengths(void)
{
    for (unsigned dtype = 0; dtype < TYPES; dtype++) {
        descend_array stored = stored_new((descend_dtype)dtype, MOST);
        for (size_t n = 0; n <= MOST; n += n < 300 || (n > 500 && n < 520) ? 1 : 31)
            for (unsigned way = 0; way < 4; way++) {
                set_array(&stored, n, way / 2 ? SPECIAL : ORDINARY, n);
                check_array(&stored, n, way % 2);
            }
        stored_free(&stored);
    }
}

static void every_length_and_nothing_outside(void **state)
{
    (void)state;
    data = fence_new(1), second = fence_new(1), floats = fence_new(1);
    for_each_variant(check_lengths);
    fence_free(&data), fence_free(&second), fence_free(&floats);
}

/* Every number of float16, stored again, and what lies between two of them. */
static void check_float16(void)
{
    static uint16_t bits[1 << 16];
    static float loaded[COUNT(bits)];
    const descend_array array = {.data = bits, .dtype = DESCEND_F16};
    for (size_t i = 0; i < COUNT(bits); i++)
        bits[i] = (uint16_t)i;
    assert_int_equal(descend_array_load(&array, COUNT(bits), loaded), DESCEND_OK);
    memset(bits, 0, sizeof bits);
    assert_int_equal(descend_array_store(&array, COUNT(bits), loaded), DESCEND_OK);
    for (size_t i = 0; i < COUNT(bits); i++)
        if (bits[i] != i && !((i & 0x7fff) > 0x7c00 && (bits[i] & 0x7fff) > 0x7c00))
            fail_msg("%s: %04zx is stored as %04x", descend_isa_active(), i, bits[i]);
}

static void every_float16(void **state)
{
    (void)state;
    for_each_variant(check_float16);
}

/* A sum of arrays of three types. */
enum { TERMS = 4, LONG = 3 * 4096 + 77 };
static const descend_dtype term_types[TERMS] = {DESCEND_BF16, DESCEND_F16, DESCEND_F32, DESCEND_B8};
struct sum {
    descend_array term[TERMS];
    size_t n;
    float *to;
};

static descend_status sum_in_one_call(void *work, const descend_exec *exec)
{
    const struct sum *sum = work;
    return descend_array_accumulate(sum->term, TERMS, sum->n, sum->to, exec);
}

static void check_sums(void)
{
    static float start[LONG], plain[LONG], term[LONG], found[LONG];
    struct sum sum = {.n = LONG, .to = found};
    fill(start, LONG, SPECIAL, 1);
    memcpy(plain, start, sizeof plain);
    for (size_t k = 0; k < TERMS; k++) {
        uint64_t seed = 2 + k;
        sum.term[k] = stored_new(term_types[k], LONG);
        fill(term, LONG, k % 2 ? SPECIAL : ORDINARY, seed);
        stored_put(&sum.term[k], LONG, term, NULL);
        for (size_t i = 0; i < LONG && term_types[k] == DESCEND_F16; i++)
            ((uint16_t *)sum.term[k].data)[i] = (uint16_t)random_bits(&seed);
        stored_get(&sum.term[k], LONG, term);
        for (size_t i = 0; i < LONG; i++)
            plain[i] += term[i];
    }
    for (const struct execution *execution = executions; execution->name; execution++) {
        memcpy(found, start, sizeof found);
        assert_int_equal(execution->make(sum_in_one_call, &sum, 3), DESCEND_OK);
        if (first_difference(plain, found, LONG) < LONG)
            fail_msg("%s: a sum differs, %s", descend_isa_active(), execution->name);
    }
    memcpy(found, start, sizeof found);
    assert_int_equal(descend_array_accumulate(sum.term, 1, LONG, found, NULL), DESCEND_OK);
    assert_int_equal(descend_array_accumulate(sum.term + 1, 0, LONG, found, NULL), DESCEND_OK);
    assert_int_equal(descend_array_accumulate(sum.term + 1, TERMS - 1, LONG, found, NULL), DESCEND_OK);
    assert_int_equal(first_difference(plain, found, LONG), LONG);
    for (size_t k = 0; k < TERMS; k++)
        stored_free(&sum.term[k]);
}

static void sums_in_any_parts(void **state)
{
    (void)state;
    for_each_variant(check_sums);
}

/* What all three functions refuse. */
enum { FEW = 300 };
static float few[2 * FEW];
static uint16_t of_data[2 * FEW], of_second[2 * FEW];

static void refuse(const descend_array *array, size_t n, void *to, descend_status expected_status, const char *what)
{
    const descend_array good_first[] = {{.data = of_data, .dtype = DESCEND_BF16}, array ? *array : good_first[0]};
    const descend_status found[] = {descend_array_load(array, n, to), descend_array_store(array, n, to),
                                    descend_array_accumulate(array, 1, n, to, NULL),
                                    array ? descend_array_accumulate(good_first, 2, n, to, NULL) : expected_status};
    for (size_t i = 0; i < COUNT(found); i++)
        if (found[i] != expected_status)
            fail_msg("%s, function %zu: %d (%s), not %d (%s)", what, i, (int)found[i], descend_status_string(found[i]),
                     (int)expected_status, descend_status_string(expected_status));
    for (size_t i = 0; i < 2 * FEW; i++)
        assert_true(few[i] == 0 && of_data[i] == 0 && of_second[i] == 0);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        descend_array array;
        void *to;
        size_t n;
        descend_status status;
    } cases[] = {
        {"no data", {NULL, DESCEND_BF16, NULL}, few, FEW, DESCEND_NULL_ARRAY},
        {"no floats", {of_data, DESCEND_BF16, NULL}, NULL, FEW, DESCEND_NULL_ARRAY},
        {"no lower halves", {of_data, DESCEND_BF16_SPLIT, NULL}, few, FEW, DESCEND_NULL_ARRAY},
        {"no bases of B8", {of_data, DESCEND_B8, NULL}, few, FEW, DESCEND_NULL_ARRAY},
        {"no bases of UB8", {of_data, DESCEND_UB8, NULL}, few, FEW, DESCEND_NULL_ARRAY},
        {"a type beyond the last", {of_data, (descend_dtype)TYPES, of_second}, few, FEW, DESCEND_BAD_DTYPE},
        {"a type far beyond", {of_data, (descend_dtype)UINT32_MAX, of_second}, few, FEW, DESCEND_BAD_DTYPE},
        {"data between words", {(char *)of_data + 1, DESCEND_BF16, NULL}, few, FEW, DESCEND_MISALIGNED},
        {"float32 at words", {of_data + 1, DESCEND_F32, NULL}, few, FEW / 2, DESCEND_MISALIGNED},
        {"bases between words", {of_data, DESCEND_B8, (char *)of_second + 1}, few, FEW, DESCEND_MISALIGNED},
        {"floats at words", {of_data, DESCEND_BF16, NULL}, (char *)few + 2, FEW, DESCEND_MISALIGNED},
        {"too many", {of_data, DESCEND_B8, of_second}, few, PTRDIFF_MAX / sizeof(float) + 1, DESCEND_BAD_N},
        {"beyond the address space", {(void *)(UINTPTR_MAX - 1), DESCEND_BF16, NULL}, few, FEW, DESCEND_BAD_N},
        {"floats over data", {few + FEW / 2, DESCEND_BF16, NULL}, few, FEW, DESCEND_OVERLAP},
        {"floats over the last byte", {(char *)few + 4 * FEW - 1, DESCEND_B8, of_second}, few, FEW, DESCEND_OVERLAP},
        {"floats over lower halves", {of_data, DESCEND_BF16_SPLIT, few + FEW - 1}, few, FEW, DESCEND_OVERLAP},
        {"floats over the last base", {of_data, DESCEND_UB8, (char *)few - 2}, few, FEW, DESCEND_OVERLAP},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        refuse(&cases[i].array, cases[i].n, cases[i].to, cases[i].status, cases[i].what);
    refuse(NULL, FEW, few, DESCEND_NULL_ARRAY, "no array");
    refuse(NULL, 0, few, DESCEND_NULL_ARRAY, "no array and no elements");
    refuse(&(descend_array){NULL, DESCEND_B8, NULL}, 0, NULL, DESCEND_OK, "no elements");
    refuse(&(descend_array){(char *)few + 4 * FEW, DESCEND_B8, of_second}, FEW, few, DESCEND_OK, "floats up to data");
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        descend_dtype dtype;
        size_t n, data, second;
    } cases[] = {
        {DESCEND_F32, 257, 1028, 0},
        {DESCEND_BF16, 257, 514, 0},
        {DESCEND_F16, 257, 514, 0},
        {DESCEND_BF16_SPLIT, 257, 514, 514},
        {DESCEND_B8, 256, 256, 2},
        {DESCEND_UB8, 257, 257, 4},
        {DESCEND_B8, 0, 0, 0},
        {(descend_dtype)TYPES, 257, 0, 0},
        {(descend_dtype)UINT32_MAX, 257, 0, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t in_data = 1, in_second = 1;
        descend_array_size(cases[i].dtype, cases[i].n, &in_data, &in_second);
        assert_int_equal(in_data, cases[i].data);
        assert_int_equal(in_second, cases[i].second);
    }
}

static void refusals_of_exec(void **state)
{
    (void)state;
    struct pool pool = {.order = FORWARD};
    const descend_array array = {.data = of_data, .dtype = DESCEND_BF16};
    const struct {
        descend_exec exec;
        descend_status status;
    } cases[] = {
        {{.slice = 1, .slices = 1}, DESCEND_BAD_SLICE},
        {{.slices = 2, .threads = 1}, DESCEND_BAD_SPLIT},
        {{.run = run_on_pool, .pool = &pool}, DESCEND_BAD_THREADS},
        {{.reserved = {1}}, DESCEND_BAD_RESERVED},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(descend_array_accumulate(&array, 1, FEW, few, &cases[i].exec), cases[i].status);
    assert_int_equal(pool.calls, 0);
}

/* A pool that leaves the last task out. */
static void run_too_few(void *pool, descend_task *task, void *work, unsigned tasks)
{
    (void)pool;
    for (unsigned i = 0; i + 1 < tasks; i++)
        task(work, i);
}

static void unfinished(void **state)
{
    (void)state;
    const descend_array array = {.data = of_data, .dtype = DESCEND_BF16};
    const descend_exec exec = {.run = run_too_few, .threads = 2};
    assert_int_equal(descend_array_accumulate(&array, 1, FEW, few, &exec), DESCEND_UNFINISHED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_and_nothing_outside),
        cmocka_unit_test(every_float16),
        cmocka_unit_test(sums_in_any_parts),
        cmocka_unit_test(sizes),
        cmocka_unit_test(refusals),
        cmocka_unit_test(refusals_of_exec),
        cmocka_unit_test(unfinished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
