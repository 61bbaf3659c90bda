/* SPDX-License-Identifier: MIT */
/* What loading costs whatever a file holds: one allocation, for the header, and linear time. Allocations are
 * counted, and made to fail, in the linker's place of malloc. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "checkpoint/files.h"
#include "data.h"
#include "test.h"

void *__real_malloc(size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void __wrap_free(void *memory);

/* All allocations of this program since watch(). */
static struct {
    size_t calls, bytes, fails_at; /* calls count from 1 */
    int live;
} heap;

static void watch(size_t fails_at)
{
    memset(&heap, 0, sizeof heap);
    heap.fails_at = fails_at;
}

void *__wrap_malloc(size_t size)
{
    if (++heap.calls == heap.fails_at)
        return NULL;
    heap.bytes += size;
    heap.live++;
    return __real_malloc(size);
}

void __wrap_free(void *memory)
{
    heap.live -= memory != NULL;
    __real_free(memory);
}

/* Text that grows; of static size, so that it allocates nothing. */
static char json[1 << 23];
static size_t json_size;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_size += (size_t)vsnprintf(json + json_size, sizeof json - json_size, format, arguments);
    va_end(arguments);
    assert_true(json_size < sizeof json);
}

static void add_repeated(char c, size_t count)
{
    assert_true(json_size + count < sizeof json);
    memset(json + json_size, c, count);
    json_size += count;
    json[json_size] = '\0';
}

/* The shortest names there are: "", then all of one character, of two … */
static const char *short_name(size_t i)
{
    static const char letters[] =
        "!#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~";
    static char name[16];
    size_t size = 0;
    for (; i > 0; i = (i - 1) / (sizeof letters - 1))
        name[size++] = letters[(i - 1) % (sizeof letters - 1)];
    name[size] = '\0';
    return name;
}

/* The densest header with these numbers of empty tensors and of pairs, metadata first or last. */
static void add_densest(size_t tensors, size_t pairs, bool metadata_last)
{
    json_size = 0;
    add("{");
    for (size_t i = 0; i < tensors + metadata_last; i++) {
        if (i == (metadata_last ? tensors : 0)) {
            add("%s\"__metadata__\":{", i > 0 ? "," : "");
            for (size_t k = 0; k < pairs; k++)
                add("%s\"%s\":\"\"", k > 0 ? "," : "", short_name(k));
            add("}");
        }
        if (i < tensors)
            add("%s\"%s\":{\"dtype\":\"U8\",\"shape\":[%s],\"data_offsets\":[0,0]}", i > 0 || !metadata_last ? "," : "",
                short_name(i), i % 2 ? "0" : "0,1,2");
    }
    add("}");
}

enum { FILE_MEMORY = 81920 }; /* of any file */

static void check_densest(size_t tensors, size_t pairs)
{
    struct descend_safetensors file;
    struct descend_entry entry;
    struct descend_string value;
    const struct bytes bytes = with_header(json, 0);
    watch(0);
    assert_int_equal(open_bytes(&file, bytes.data, bytes.size), DESCEND_OK);
    assert_int_equal(heap.calls, 1);
    assert_true(heap.bytes < bytes.size + FILE_MEMORY);
    assert_int_equal(file.header.tensors, tensors);
    assert_int_equal(file.header.pairs, pairs);
    for (size_t i = 0; i < tensors; i++) {
        assert_true(descend_header_find(&file.header, short_name(i), &entry));
        assert_true(descend_string_is(entry.name, short_name(i)));
        assert_true(descend_string_is(entry.shape, i % 2 ? "0" : "0,1,2"));
    }
    for (size_t i = 0; i < pairs; i++)
        assert_true(descend_header_metadata(&file.header, short_name(i), &value));
    descend_safetensors_close(&file);
    assert_int_equal(heap.live, 0);
    assert_int_equal(heap.calls, 1);
    free(bytes.data);
}

static void one_allocation(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 10000};
    enum { COUNTS = sizeof counts / sizeof *counts };
    for (size_t i = 0; i < COUNTS * COUNTS * 2; i++) {
        const size_t tensors = counts[i / 2 % COUNTS], pairs = counts[i / 2 / COUNTS];
        const bool metadata_last = i % 2 || tensors == 0;
        add_densest(tensors, pairs, metadata_last);
        check_densest(tensors, pairs);
    }
}

static const uint64_t shape[] = {2};
static const unsigned char data[2] = {1, 2};
static const struct descend_file_tensor tensors[] = {{"a", FILE_U8, 1, shape, .data = data},
                                                     {"b", FILE_U8, 1, shape, .data = data}};
static const struct descend_file_pair pair = {"key", "value"};

static void every_allocation_fails_in_turn(void **state)
{
    (void)state;
    struct descend_safetensors file;
    assert_int_equal(descend_safetensors_write(FILE_PATH, tensors, 1, &pair, 1), DESCEND_OK);
    const size_t descriptors = open_descriptors();
    watch(1);
    assert_int_equal(descend_safetensors_open(&file, FILE_PATH), DESCEND_NO_MEMORY);
    assert_int_equal(heap.live, 0);

    size_t failed = 0;
    for (descend_status status = DESCEND_NO_MEMORY; status != DESCEND_OK; failed++) {
        watch(failed + 1);
        status = descend_safetensors_write(FILE_PATH, tensors, 2, &pair, 1);
        const size_t calls = heap.calls;
        assert_int_equal(heap.live, 0);
        assert_int_equal(status, calls < failed + 1 ? DESCEND_OK : DESCEND_NO_MEMORY);
        watch(0);
        assert_int_equal(descend_safetensors_open(&file, FILE_PATH), DESCEND_OK);
        assert_int_equal(file.header.tensors, status == DESCEND_OK ? 2 : 1);
        descend_safetensors_close(&file);
        assert_entries(1);
    }
    assert_int_equal(failed, 3 + 1);
    assert_int_equal(open_descriptors(), descriptors);
}

static void what_is_refused_leaves_nothing(void **state)
{
    (void)state;
    static const char *const headers[] = {"{", "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}",
                                          "{\"__metadata__\":{\"crc32\":\"00000000\"}}"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct descend_safetensors file;
        const struct bytes bytes = with_header(headers[i], 0);
        watch(0);
        assert_int_not_equal(open_bytes(&file, bytes.data, bytes.size), DESCEND_OK);
        assert_int_equal(heap.calls, 1);
        assert_int_equal(heap.live, 0);
        free(bytes.data);
    }
}

static void add_tensor(const char *first, size_t repeated, size_t number)
{
    add("%s\"%s", json_size > 1 ? "," : "", first);
    add_repeated('a', repeated);
    if (number > 0)
        add("%zu", number);
    add("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}");
}

/* Headers that are slow to read for a reader that sorts, searches or moves memory without care. */
static void two_long_names(void) /* which a heap would compare each time something passes by them */
{
    add_tensor("", 2000000, 1);
    for (size_t i = 1; i < 40000; i++)
        add_tensor(i % 2 ? "" : "b", 0, i);
    add_tensor("", 2000000, 2);
}

static void a_long_prefix(void)
{
    for (size_t i = 1; i < 4000; i++)
        add_tensor("", 1500, i);
}

static void each_a_prefix(void)
{
    for (size_t i = 1; i < 3500; i++)
        add_tensor("", i, 0);
}

static void many_pairs(void)
{
    add("\"__metadata__\":{\"\":\"\"");
    for (size_t i = 1; i < 500000; i++)
        add(",\"%zu\":\"\"", i);
    add("}");
}

static void many_dimensions(void)
{
    add("\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,0],\"shape\":[0");
    for (size_t i = 0; i < 3000000; i++)
        add(",1");
    add("]}");
}

static void many_digits(void)
{
    add("\"a\":{\"shape\":[");
    add_repeated('1', 6000000);
    add("]}");
}

static void many_spaces(void)
{
    add_repeated(' ', 6000000);
}

static void many_escapes(void)
{
    add("\"__metadata__\":{\"");
    for (size_t i = 0; i < 1000000; i++)
        add("\\u0061");
    add("\":\"\"}");
}

static void data_backwards(void)
{
    for (size_t i = 100000; i-- > 0;)
        add("%s\"%zu\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}", json_size > 1 ? "," : "", i, i,
            i + 1);
}

static const struct {
    const char *what;
    void (*add)(void);
    descend_status status;
} attacks[] = {{"two long names", two_long_names, DESCEND_OK},
               {"a long prefix", a_long_prefix, DESCEND_OK},
               {"each a prefix of the next", each_a_prefix, DESCEND_OK},
               {"many pairs", many_pairs, DESCEND_OK},
               {"many dimensions", many_dimensions, DESCEND_OK},
               {"many digits", many_digits, DESCEND_BAD_FILE_OVERFLOW},
               {"many spaces", many_spaces, DESCEND_OK},
               {"many escapes", many_escapes, DESCEND_OK},
               {"data backwards", data_backwards, DESCEND_BAD_FILE_TRUNCATED}};

static void no_header_is_slow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
        json_size = 0;
        add("{");
        attacks[i].add();
        add("}");
        const struct bytes bytes = with_header(json, 0);
        struct descend_safetensors file;
        const clock_t start = clock();
        const descend_status status = open_bytes(&file, bytes.data, bytes.size);
        const double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (status == DESCEND_OK)
            descend_safetensors_close(&file);
        free(bytes.data);
        assert_int_equal(status, attacks[i].status);
        /* A hundredfold of what they take; what is quadratic takes hours. */
        if (seconds > 20)
            fail_msg("%s: %.1f s", attacks[i].what, seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_allocation),
        cmocka_unit_test(every_allocation_fails_in_turn),
        cmocka_unit_test(what_is_refused_leaves_nothing),
        cmocka_unit_test(no_header_is_slow),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
