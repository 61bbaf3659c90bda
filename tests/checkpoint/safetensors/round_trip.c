/* SPDX-License-Identifier: MIT */
/* What is written is read again; of other files, which are read, and which refused: each cause by its own status. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/files.h"
#include "order.h"
#include "test.h"

/* Every dtype, ranks 0 to 3, empty ones, one that is larger than a piece of the checksum's, and names that need
 * escapes. */
static float w1[2 * 3] = {1, -2, 3.5f, 0, 1e-8f, -0.0f};
static double scalar = 0.1;
static unsigned char block[40000];
static const uint64_t shape_2_3[] = {2, 3}, shape_0[] = {0}, shape_5_0_7[] = {5, 0, 7}, shape_2[] = {2},
                      shape_block[] = {200, 10, 20}, shape_1[] = {1};

static const struct descend_file_tensor tensors[] = {
    {"w1", FILE_F32, 2, shape_2_3, .data = w1},
    {"state.w1.exp_avg_sq", FILE_F32, 2, shape_2_3, .data = w1},
    {"", FILE_F64, 0, NULL, .data = &scalar},
    {"none", FILE_I64, 1, shape_0, .data = NULL},
    {"block", FILE_U8, 3, shape_block, .data = block},
    {"still none", FILE_BF16, 3, shape_5_0_7, .data = NULL},
    {"w", FILE_BOOL, 1, shape_2, .data = block},
    {"w\"\\/\b\f\n\r\t\x01\x1f\x7f", FILE_I8, 1, shape_1, .data = block},
    {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", FILE_U16, 1, shape_2, .data = block}, /* ä € and one beyond 16 bits */
    {"\xef\xbf\xbf\xf4\x8f\xbf\xbf", FILE_I16, 1, shape_2, .data = block},         /* U+FFFF, U+10FFFF */
    {"w10", FILE_F16, 1, shape_2, .data = block},
    {"w2", FILE_U32, 1, shape_2, .data = block},
    {"{", FILE_I32, 1, shape_2, .data = block},
    {"[1,2]", FILE_U64, 1, shape_2, .data = block},
    {"a", FILE_F8_E5M2, 1, shape_1, .data = block},
    {"b", FILE_F8_E4M3, 1, shape_1, .data = block},
    {"c", FILE_F8_E8M0, 1, shape_1, .data = block},
    {"metadata", FILE_C64, 1, shape_2, .data = block},
};
static const struct descend_file_pair pairs[] = {
    {"step", "12"}, {"group.0.lr", "0x1.999999999999ap-4"}, {"", ""}, {"w1", "\"\n\xe2\x82\xac"}, {"crc", "crc32"}};

static void save(void)
{
    assert_int_equal(descend_safetensors_write(FILE_PATH, tensors, COUNT(tensors), pairs, COUNT(pairs)), DESCEND_OK);
}

static void assert_string(struct descend_string string, const char *wanted)
{
    if (!descend_string_is(string, wanted))
        fail_msg("'%.*s' instead of '%s'", (int)string.size, string.at, wanted);
}

/* The file must have this tensor with these values. */
static void assert_tensor(struct descend_safetensors *file, const struct descend_file_tensor *tensor)
{
    struct descend_entry entry;
    if (!descend_header_find(&file->header, tensor->name, &entry))
        fail_msg("'%s' is not found", tensor->name);
    assert_string(entry.name, tensor->name);
    assert_int_equal(entry.dtype, tensor->dtype);
    assert_true(descend_entry_has_shape(&entry, tensor->shape, tensor->rank));
    uint64_t size = descend_file_dtype_size(tensor->dtype);
    for (size_t i = 0; i < tensor->rank; i++)
        size *= tensor->shape[i];
    assert_int_equal(entry.size, size);
    unsigned char *data = malloc((size_t)size + 1);
    assert_non_null(data);
    data[size] = 0xa5;
    assert_int_equal(descend_safetensors_read(file, &entry, data), DESCEND_OK);
    if (size > 0)
        assert_memory_equal(data, tensor->data, (size_t)size);
    assert_int_equal(data[size], 0xa5);
    free(data);
}

static void assert_contents(struct descend_safetensors *file)
{
    assert_int_equal(file->header.tensors, COUNT(tensors));
    for (size_t i = 0; i < COUNT(tensors); i++)
        assert_tensor(file, &tensors[i]);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    save();
    struct descend_safetensors file;
    assert_int_equal(descend_safetensors_open(&file, FILE_PATH), DESCEND_OK);
    assert_int_equal(file.data_at % 8, 0);
    assert_true(file.header.has_checksum);
    assert_contents(&file);
    for (size_t i = 0; i < COUNT(tensors); i++) /* in order: empty ones come before what is at the same place */
        assert_string(descend_header_entry(&file.header, i).name, tensors[i].name);
    assert_int_equal(file.header.pairs, COUNT(pairs) + 1);
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct descend_string value;
        assert_true(descend_header_metadata(&file.header, pairs[i].key, &value));
        assert_string(value, pairs[i].value);
    }
    static const char *const sorted[] = {"", "crc", "crc32", "group.0.lr", "step", "w1"};
    for (size_t i = 0; i < COUNT(sorted); i++) {
        struct descend_string key, value, of_key;
        descend_header_pair(&file.header, i, &key, &value);
        assert_string(key, sorted[i]);
        assert_true(descend_header_metadata(&file.header, sorted[i], &of_key));
        assert_ptr_equal(value.at, of_key.at);
        assert_int_equal(value.size, of_key.size);
    }
    descend_safetensors_close(&file);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    save();
    struct descend_safetensors file;
    struct descend_entry entry;
    struct descend_string value;
    assert_int_equal(descend_safetensors_open(&file, FILE_PATH), DESCEND_OK);
    static const char *const names[] = {"w3",   "w1 ",   "w11",          "state", "blocK",
                                        "\xff", "w\xff", "__metadata__", "z",     "step"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_false(descend_header_find(&file.header, names[i], &entry));
    static const char *const keys[] = {"w", "w10", "crc3", "crc322", "Step", "\xff", "12"};
    for (size_t i = 0; i < COUNT(keys); i++)
        assert_false(descend_header_metadata(&file.header, keys[i], &value));

    static const uint64_t shape_2_3_4[] = {2, 3, 4}, shape_23[] = {23}, shape_2_30[] = {2, 30}, shape_3_2[] = {3, 2};
    assert_true(descend_header_find(&file.header, "w1", &entry));
    assert_false(descend_entry_has_shape(&entry, shape_2_3, 1));
    assert_false(descend_entry_has_shape(&entry, shape_2_3_4, 3));
    assert_false(descend_entry_has_shape(&entry, shape_23, 1));
    assert_false(descend_entry_has_shape(&entry, shape_2_30, 2));
    assert_false(descend_entry_has_shape(&entry, shape_3_2, 2));
    assert_false(descend_entry_has_shape(&entry, NULL, 0));
    descend_safetensors_close(&file);
}

/* The values as they were, whatever a file that was changed says beside them. */
static void assert_refused_or_same(struct bytes bytes, const char *what, size_t where)
{
    struct descend_safetensors file;
    const descend_status status = open_bytes(&file, bytes.data, bytes.size);
    if (status != DESCEND_OK) {
        assert_true(status >= DESCEND_BAD_FILE_SHORT && status <= DESCEND_BAD_FILE_CHECKSUM);
        return;
    }
    if (file.header.has_checksum)
        fail_msg("%s %zu goes unnoticed", what, where);
    assert_contents(&file);
    descend_safetensors_close(&file);
}

static void every_truncation_and_flip(void **state)
{
    (void)state;
    save();
    const struct bytes bytes = read_bytes(FILE_PATH);
    const size_t header_end = 8 + bytes.data[0] + 256u * bytes.data[1];
    struct descend_safetensors file;
    for (size_t size = 0; size < bytes.size; size += size < header_end ? 1 : 97)
        assert_int_equal(open_bytes(&file, bytes.data, size), size < 8            ? DESCEND_BAD_FILE_SHORT
                                                              : size < header_end ? DESCEND_BAD_FILE_HEADER_SIZE
                                                                                  : DESCEND_BAD_FILE_TRUNCATED);
    for (size_t bit = 0; bit < 8 * bytes.size; bit += bit < 8 * header_end ? 1 : 997) {
        bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_refused_or_same(bytes, "flipping bit", bit);
        bytes.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(bytes.data);
}

static void bad_contents_are_not_written(void **state)
{
    (void)state;
    static const uint64_t huge[] = {UINT64_C(1) << 32, UINT64_C(1) << 32}, large[] = {UINT64_C(1) << 60};
    static const struct {
        struct descend_file_tensor tensors[3];
        size_t count;
        struct descend_file_pair pair;
        descend_status status;
    } cases[] = {
        {{{"a", FILE_U8, 1, shape_1, .data = block}, {"a", FILE_U8, 1, shape_1, .data = block}},
         2,
         {"k", "v"},
         DESCEND_BAD_FILE_DUPLICATE},
        {{{"__metadata__", FILE_U8, 1, shape_1, .data = block}}, 1, {"k", "v"}, DESCEND_BAD_FILE_DUPLICATE},
        {{{"\xc3", FILE_U8, 1, shape_1, .data = block}}, 1, {"k", "v"}, DESCEND_BAD_FILE_UTF8},
        {{{"a", FILE_U8, 2, huge, .data = block}}, 1, {"k", "v"}, DESCEND_BAD_FILE_OVERFLOW},
        {{{"a", FILE_F64, 1, large, .data = block}, {"b", FILE_F64, 1, large, .data = block}},
         2,
         {"k", "v"},
         DESCEND_BAD_FILE_OVERFLOW},
        {{{"a", FILE_U8, 1, shape_1, .data = block}}, 1, {"k", "\xed\xa0\x80"}, DESCEND_BAD_FILE_UTF8},
        {{{"a", FILE_U8, 1, shape_1, .data = block}}, 1, {"\xff", "v"}, DESCEND_BAD_FILE_UTF8},
        {{{"a", FILE_U8, 1, shape_1, .data = block}}, 1, {"crc32", "01234567"}, DESCEND_BAD_FILE_DUPLICATE},
    };
    save();
    const struct bytes old = read_bytes(FILE_PATH);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(descend_safetensors_write(FILE_PATH, cases[i].tensors, cases[i].count, &cases[i].pair, 1),
                         cases[i].status);
        const struct bytes now = read_bytes(FILE_PATH);
        assert_int_equal(now.size, old.size);
        assert_memory_equal(now.data, old.data, old.size);
        free(now.data);
        assert_entries(1);
    }
    free(old.data);
}

/* No tensors, no pairs. */
static void next_to_nothing(void **state)
{
    (void)state;
    struct descend_safetensors file;
    struct descend_entry entry;
    assert_int_equal(descend_safetensors_write(FILE_PATH, NULL, 0, NULL, 0), DESCEND_OK);
    assert_int_equal(descend_safetensors_open(&file, FILE_PATH), DESCEND_OK);
    assert_int_equal(file.header.tensors, 0);
    assert_int_equal(file.header.pairs, 1);
    assert_false(descend_header_find(&file.header, "", &entry));
    descend_safetensors_close(&file);
}

/* A file of holes, with sizes and offsets beyond 32 bits. */
static void five_gibibytes(void **state)
{
    (void)state;
    const struct bytes head =
        with_header("{\"holes\":{\"dtype\":\"U8\",\"shape\":[5368709120],\"data_offsets\":[0,5368709120]},"
                    "\"last\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[5368709120,5368709122]}}",
                    0);
    struct descend_safetensors file;
    struct descend_entry entry;
    char last[2];
    write_bytes(FILE_PATH, head);
    const int descriptor = open(FILE_PATH, O_WRONLY);
    assert_int_equal(pwrite(descriptor, "ab", 2, ((off_t)5 << 30) + (off_t)head.size), 2);
    close(descriptor);
    assert_int_equal(descend_safetensors_open(&file, FILE_PATH), DESCEND_OK);
    assert_true(descend_header_find(&file.header, "last", &entry));
    assert_int_equal(descend_safetensors_read(&file, &entry, last), DESCEND_OK);
    assert_memory_equal(last, "ab", 2);
    descend_safetensors_close(&file);
    free(head.data);
}

/* What a big-endian machine does to the elements between memory and file. */
static void words_are_reversed(void **state)
{
    (void)state;
    static const struct {
        enum descend_file_dtype dtype;
        const char *reversed;
    } cases[] = {{FILE_U8, "abcdefgh"},  {FILE_F8_E4M3, "abcdefgh"}, {FILE_BF16, "badcfehg"}, {FILE_F32, "dcbahgfe"},
                 {FILE_I32, "dcbahgfe"}, {FILE_F64, "hgfedcba"},     {FILE_C64, "dcbahgfe"}}; /* two F32 */
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned char bytes[] = "abcdefgh";
        descend_reverse_words(bytes, 8, descend_file_dtype_word(cases[i].dtype));
        assert_memory_equal(bytes, cases[i].reversed, 8);
    }
    for (unsigned dtype = 0; dtype < FILE_DTYPES; dtype++)
        assert_int_equal(descend_file_dtype_word(dtype), dtype == FILE_C64 ? 4 : descend_file_dtype_size(dtype));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),   cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(every_truncation_and_flip), cmocka_unit_test(bad_contents_are_not_written),
        cmocka_unit_test(next_to_nothing),           cmocka_unit_test(five_gibibytes),
        cmocka_unit_test(words_are_reversed),
    };
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (unsigned char)(i * i >> 3);
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
