/* SPDX-License-Identifier: MIT */
/* Headers, good and bad, by hand: what the format allows is read, everything else refused, each cause by its status. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/files.h"
#include "test.h"

/* The fields of a tensor of two bytes at the data's beginning. */
#define FIELDS "\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]"
#define TENSOR "{" FIELDS "}"
#define AT(shape, begin, end) "{\"dtype\":\"U8\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

static const struct {
    const char *json;
    size_t data;
    descend_status status;
} headers[] = {
    /* good: with white space, in any order of keys, of tensors and of data */
    {"{}", 0, DESCEND_OK},
    {"{ \t\n\r}", 0, DESCEND_OK},
    {"{\"__metadata__\":{}}", 0, DESCEND_OK},
    {"{\"__metadata__\":{\"a\":\"\",\"\":\"a\"},\"a\":" TENSOR "}", 2, DESCEND_OK},
    {"{\"a\":" TENSOR ",\"__metadata__\":{\"a\":\"b\",\"b\":\"\"}}", 2, DESCEND_OK},
    {"{\n\"a\"\t: {\r\"shape\" :[ 2 ] , \"data_offsets\" : [ 0 , 2 ],\"dtype\":\"U8\" } }", 2, DESCEND_OK},
    {"{\"b\":" AT("1", "2", "3") ",\"a\":" TENSOR ",\"c\":" AT("2", "3", "5") "}", 5, DESCEND_OK},
    {"{\"a\":" AT("0", "2", "2") ",\"b\":" TENSOR ",\"c\":" AT("0", "0", "0") ",\"d\":" AT("0", "0", "0") "}", 2,
     DESCEND_OK},
    {"{\"a\":" AT("0,18446744073709551615", "0", "0") "}", 0, DESCEND_OK},
    {"{\"a\":" AT("", "0", "1") "}", 1, DESCEND_OK},
    {"{\"a\":{\"d\\u0074ype\":\"\\u00558\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, DESCEND_OK},
    {"{\"\\ud83d\\ude00\\uD83D\\uDE00\\u20ac\\u00e4\\u0000\\/\":" TENSOR "}", 2, DESCEND_OK},
    {"{\"__metadata__\":{\"crc\":\"00000000\"}}", 0, DESCEND_OK},

    /* no JSON, or none that a header may have */
    {"", 0, DESCEND_BAD_FILE_JSON},
    {" {}", 0, DESCEND_BAD_FILE_JSON},
    {"\xef\xbb\xbf{}", 0, DESCEND_BAD_FILE_JSON},
    {"[]", 0, DESCEND_BAD_FILE_JSON},
    {"{", 0, DESCEND_BAD_FILE_JSON},
    {"{}}", 0, DESCEND_BAD_FILE_JSON},
    {"{}\n", 0, DESCEND_BAD_FILE_JSON},
    {"{} {}", 0, DESCEND_BAD_FILE_JSON},
    {"{,}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\"}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\":}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\":null}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\":[]}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\":\"b\"}", 0, DESCEND_BAD_FILE_JSON},
    {"{a:" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{'a':" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\" " TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" TENSOR ",}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" TENSOR " \"b\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" TENSOR "", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" TENSOR "]", 2, DESCEND_BAD_FILE_JSON},
    {"{/**/\"a\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":{" FIELDS ",}}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":{\"dtype\":1}}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\":{\"shape\":2}}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\":{\"shape\":\"2\"}}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\":{\"data_offsets\":{}}}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"__metadata__\":[]}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"__metadata__\":null}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"__metadata__\":{\"a\":1}}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"__metadata__\":{\"a\":{}}}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"__metadata__\":{\"a\":\"b\",}}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"__metadata__\":{\"a\":\"b}}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"__metadata__\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"__metadata__\":{}", 0, DESCEND_BAD_FILE_JSON},

    /* numbers */
    {"{\"a\":" AT("02", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("2", "00", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("2.0", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("2e0", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("-2", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("+2", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("2", "-0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("0x2", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("2,", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT(",2", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("1 2", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("[2]", "0", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("2", "0", "2,2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("2", "", "2") "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":{\"data_offsets\":[2]}}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"a\":" AT("18446744073709551616", "0", "2") "}", 2, DESCEND_BAD_FILE_OVERFLOW},
    {"{\"a\":" AT("2", "0", "18446744073709551618") "}", 2, DESCEND_BAD_FILE_OVERFLOW},
    {"{\"a\":" AT("4294967296,4294967296", "0", "0") "}", 0, DESCEND_BAD_FILE_OVERFLOW},
    {"{\"a\":" AT("4294967296,4294967296,0", "0", "0") "}", 0, DESCEND_BAD_FILE_OVERFLOW},
    {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0,
     DESCEND_BAD_FILE_OVERFLOW},

    /* strings */
    {"{\"\\", 0, DESCEND_BAD_FILE_JSON},
    {"{\"\\x\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\u12\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\u123g\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\U0041\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\ud83d\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\ude00\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\ude00\\ud83d\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\ude00\\ude00\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\udc00\\udc00\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\udfff\\udfff\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\ud83d\\udbff\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"abcdefgh\\ud83d", 0, DESCEND_BAD_FILE_JSON}, /* 16 bytes, so that nothing pads them */
    {"{\"abcdefg\\ud83d\\", 0, DESCEND_BAD_FILE_JSON},
    {"{\"abcdefghi\\ud83", 0, DESCEND_BAD_FILE_JSON},
    {"{\"\\ud83d\\ud83d\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\ud83dxude00\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\ud83d\\n\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\\ud83d\\ue000\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\n\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},
    {"{\"\x1f\":" TENSOR "}", 2, DESCEND_BAD_FILE_JSON},

    /* UTF-8: cut off, continued without a beginning, overlong, surrogates, beyond Unicode */
    {"{\"\x80\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xc3\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xe2\x82\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xf0\x9f\x98\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xf0\x9f\x98", 0, DESCEND_BAD_FILE_UTF8},
    {"{\"\xc1\xbf\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xe0\x9f\xbf\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xf0\x8f\xbf\xbf\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xed\xa0\xbd\xed\xb8\x80\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xf4\x90\x80\x80\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xf5\x80\x80\x80\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},
    {"{\"\xff\":" TENSOR "}", 2, DESCEND_BAD_FILE_UTF8},

    /* fields and types */
    {"{\"a\":{}}", 0, DESCEND_BAD_FILE_FIELDS},
    {"{\"a\":{\"shape\":[0],\"data_offsets\":[0,0]}}", 0, DESCEND_BAD_FILE_FIELDS},
    {"{\"a\":{\"dtype\":\"U8\",\"data_offsets\":[0,1]}}", 1, DESCEND_BAD_FILE_FIELDS},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, DESCEND_BAD_FILE_FIELDS},
    {"{\"a\":{" FIELDS ",\"b\":1}}", 2, DESCEND_BAD_FILE_FIELDS},
    {"{\"a\":{" FIELDS ",\"\":\"\"}}", 2, DESCEND_BAD_FILE_FIELDS},
    {"{\"a\":{\"dtypes\":\"U8\"}}", 0, DESCEND_BAD_FILE_FIELDS},
    {"{\"a\":{\"dtype\":\"u8\"}}", 0, DESCEND_BAD_FILE_DTYPE},
    {"{\"a\":{\"dtype\":\"\"}}", 0, DESCEND_BAD_FILE_DTYPE},
    {"{\"a\":{\"dtype\":\"F4\"}}", 0, DESCEND_BAD_FILE_DTYPE},
    {"{\"a\":{\"dtype\":\"F320\"}}", 0, DESCEND_BAD_FILE_DTYPE},
    {"{\"a\":{\"dtype\":\"F32\\u0000\"}}", 0, DESCEND_BAD_FILE_DTYPE},

    /* keys that come twice, compared as what they mean */
    {"{\"a\":" TENSOR ",\"a\":" AT("1", "2", "3") "}", 3, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"a\":" TENSOR ",\"\\u0061\":" AT("1", "2", "3") "}", 3, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"\\u20aC\":" TENSOR ",\"b\":" AT("1", "2", "3") ",\"\xe2\x82\xac\":" AT("1", "3", "4") "}", 4,
     DESCEND_BAD_FILE_DUPLICATE},
    {"{\"\":" TENSOR ",\"\":" AT("1", "2", "3") "}", 3, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"__metadata__\":{},\"__metadat\\u0061__\":{}}", 0, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\",\"\\u0061\":\"1\"}}", 0, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"__metadata__\":{\"\":\"1\",\"\":\"2\"}}", 0, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\",\"w\":\"\",\"x\":\"\",\"y\":\"\",\"z\":\"\"}}", 0,
     DESCEND_BAD_FILE_DUPLICATE},
    {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}", 0, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"a\":{\"shape\":[2],\"sh\\u0061pe\":[2]}}", 0, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"a\":{\"data_offsets\":[0,2],\"data_offsets\":[0,2]}}", 2, DESCEND_BAD_FILE_DUPLICATE},

    /* the data */
    {"{\"a\":" AT("3", "0", "2") "}", 2, DESCEND_BAD_FILE_TENSOR_SIZE},
    {"{\"a\":" AT("1", "0", "2") "}", 2, DESCEND_BAD_FILE_TENSOR_SIZE},
    {"{\"a\":" AT("2", "2", "0") "}", 2, DESCEND_BAD_FILE_TENSOR_SIZE},
    {"{\"a\":" AT("18446744073709551614", "2", "0") "}", 2, DESCEND_BAD_FILE_TENSOR_SIZE},
    {"{\"a\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, DESCEND_BAD_FILE_TENSOR_SIZE},
    {"{\"a\":" AT("2", "1", "3") "}", 3, DESCEND_BAD_FILE_HOLE},
    {"{\"a\":" AT("1", "3", "4") ",\"b\":" TENSOR "}", 4, DESCEND_BAD_FILE_HOLE},
    {"{\"a\":" AT("0", "3", "3") ",\"b\":" TENSOR "}", 3, DESCEND_BAD_FILE_HOLE},
    {"{\"a\":" AT("2", "1", "3") ",\"b\":" TENSOR "}", 3, DESCEND_BAD_FILE_OVERLAP},
    {"{\"a\":" TENSOR ",\"b\":" TENSOR "}", 2, DESCEND_BAD_FILE_OVERLAP},
    {"{\"a\":" AT("0", "1", "1") ",\"b\":" TENSOR "}", 2, DESCEND_BAD_FILE_OVERLAP},
    {"{\"a\":" TENSOR "}", 1, DESCEND_BAD_FILE_TRUNCATED},
    {"{\"a\":" AT("18446744073709551615", "0", "18446744073709551615") "}", 8, DESCEND_BAD_FILE_TRUNCATED},
    {"{\"a\":" TENSOR "}", 3, DESCEND_BAD_FILE_TRAILING},
    {"{}", 1, DESCEND_BAD_FILE_TRAILING},

    /* the checksum */
    {"{\"__metadata__\":{\"crc32\":\"00000000\"}}", 0, DESCEND_BAD_FILE_CHECKSUM},
    {"{\"__metadata__\":{\"\\u0063rc32\":\"00000000\"}}", 0, DESCEND_BAD_FILE_CHECKSUM},
    {"{\"__metadata__\":{\"crc32\":\"\"}}", 0, DESCEND_BAD_FILE_CHECKSUM},
    {"{\"__metadata__\":{\"crc32\":\"0000000\"}}", 0, DESCEND_BAD_FILE_CHECKSUM},
    {"{\"__metadata__\":{\"crc32\":\"000000000\"}}", 0, DESCEND_BAD_FILE_CHECKSUM},
    {"{\"__metadata__\":{\"crc32\":\"0000000g\"}}", 0, DESCEND_BAD_FILE_CHECKSUM},
    /* right by the letter, but it is not clear which characters are the digits */
    {"{\"__metadata__\":{\"crc32\":\"\\u00300c3513b\",\"2\":\"\"}}", 0, DESCEND_BAD_FILE_CHECKSUM},
};

static void every_header(void **state)
{
    (void)state;
    const size_t descriptors = open_descriptors();
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct descend_safetensors file;
        const struct bytes bytes = with_header(headers[i].json, headers[i].data);
        const descend_status status = open_bytes(&file, bytes.data, bytes.size);
        if (status == DESCEND_OK)
            descend_safetensors_close(&file);
        if (status != headers[i].status)
            fail_msg("%s: %s instead of %s", headers[i].json, descend_status_string(status),
                     descend_status_string(headers[i].status));
        free(bytes.data);
    }
    assert_int_equal(open_descriptors(), descriptors);
}

static void escapes_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *json, *means;
    } strings[] = {
        {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t"},
        {"\\u0001\\u007F\\u0080\\u07ff", "\x01\x7f\xc2\x80\xdf\xbf"},
        {"\\u0800\\ud7ff\\ue000\\uFFFF", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
        {"\\ud800\\udc00\\uDBFF\\uDFFF", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"\x7f\xc2\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf", "\x7f\xc2\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf"},
        {"\\\\u0041", "\\u0041"},
    };
    for (size_t i = 0; i < COUNT(strings); i++) {
        char json[256];
        snprintf(json, sizeof json, "{\"__metadata__\":{\"%s\":\"%s\"},\"%s\":" TENSOR "}", strings[i].json,
                 strings[i].json, strings[i].json);
        const struct bytes bytes = with_header(json, 2);
        struct descend_safetensors file;
        assert_int_equal(open_bytes(&file, bytes.data, bytes.size), DESCEND_OK);
        struct descend_entry entry;
        struct descend_string value;
        assert_true(descend_header_find(&file.header, strings[i].means, &entry));
        assert_true(descend_string_is(entry.name, strings[i].means));
        assert_true(descend_header_metadata(&file.header, strings[i].means, &value));
        assert_true(descend_string_is(value, strings[i].means));
        descend_safetensors_close(&file);
        free(bytes.data);
    }
}

/* Which none of the strings above can have: it would end them. */
static void an_escaped_zero_byte(void **state)
{
    (void)state;
    struct descend_safetensors file;
    const struct bytes bytes = with_header("{\"\\?\":" TENSOR "}", 2);
    *(unsigned char *)memchr(bytes.data, '?', bytes.size) = '\0';
    assert_int_equal(open_bytes(&file, bytes.data, bytes.size), DESCEND_BAD_FILE_JSON);
    free(bytes.data);
}

/* The eight bytes before the header. */
static void lengths(void **state)
{
    (void)state;
    static const struct {
        uint64_t length;
        descend_status status;
    } cases[] = {{2, DESCEND_OK},
                 {0, DESCEND_BAD_FILE_JSON},
                 {1, DESCEND_BAD_FILE_JSON},
                 {3, DESCEND_BAD_FILE_HEADER_SIZE},
                 {100000000, DESCEND_BAD_FILE_HEADER_SIZE},
                 {100000001, DESCEND_BAD_FILE_HEADER_LIMIT},
                 {UINT64_C(1) << 32, DESCEND_BAD_FILE_HEADER_LIMIT},
                 {UINT64_C(1) << 63, DESCEND_BAD_FILE_HEADER_LIMIT},
                 {UINT64_MAX, DESCEND_BAD_FILE_HEADER_LIMIT},
                 {UINT64_MAX - 7, DESCEND_BAD_FILE_HEADER_LIMIT}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        unsigned char bytes[10] = "........{}";
        for (int k = 0; k < 8; k++)
            bytes[k] = (unsigned char)(cases[i].length >> 8 * k);
        struct descend_safetensors file;
        assert_int_equal(open_bytes(&file, bytes, sizeof bytes), cases[i].status);
        if (cases[i].status == DESCEND_OK)
            descend_safetensors_close(&file);
    }
}

/* Exactly at the limit, of spaces: whether it is read, not how much memory a machine has. */
static void the_longest_header(void **state)
{
    (void)state;
    struct bytes bytes = with_header("{}", DESCEND_HEADER_LIMIT - 8);
    assert_non_null(bytes.data);
    memset(bytes.data + 8 + 2, ' ', DESCEND_HEADER_LIMIT - 2);
    for (int k = 0; k < 8; k++)
        bytes.data[k] = (unsigned char)((uint64_t)DESCEND_HEADER_LIMIT >> 8 * k);
    struct descend_safetensors file;
    assert_int_equal(open_bytes(&file, bytes.data, bytes.size), DESCEND_OK);
    descend_safetensors_close(&file);
    free(bytes.data);
}

static void what_cannot_be_opened(void **state)
{
    (void)state;
    struct descend_safetensors file;
    const size_t descriptors = open_descriptors();
    assert_int_equal(mkdir("directory", 0777), 0);
    assert_int_equal(mkfifo("pipe", 0666), 0); /* without a writer: not waited for */
    static const struct {
        const char *path;
        int error;
    } cases[] = {{"nothing", ENOENT}, {"directory", EISDIR}, {"pipe", EINVAL}, {"/dev/null", EINVAL}, {"", ENOENT}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        errno = 0;
        assert_int_equal(descend_safetensors_open(&file, cases[i].path), DESCEND_FILE_OPEN);
        assert_int_equal(errno, cases[i].error);
    }
    assert_int_equal(open_descriptors(), descriptors);
}

static void a_file_that_becomes_shorter(void **state)
{
    (void)state;
    struct descend_safetensors file;
    const struct bytes bytes = with_header("{\"a\":" TENSOR "}", 2);
    write_bytes(FILE_PATH, bytes);
    assert_int_equal(descend_safetensors_open(&file, FILE_PATH), DESCEND_OK);
    const struct descend_entry entry = descend_header_entry(&file.header, 0);
    unsigned char data[2];
    assert_int_equal(descend_safetensors_read(&file, &entry, data), DESCEND_OK);
    assert_memory_equal(data, "\x5a\x5a", 2);
    assert_int_equal(truncate(FILE_PATH, (off_t)bytes.size - 1), 0);
    assert_int_equal(descend_safetensors_read(&file, &entry, data), DESCEND_FILE_READ);
    assert_int_equal(errno, EIO);
    descend_safetensors_close(&file);
    free(bytes.data);
}

static void each_has_its_own_message(void **state)
{
    (void)state;
    for (int i = DESCEND_FILE_OPEN; i <= DESCEND_BAD_FILE_CHECKSUM; i++)
        for (int j = 0; j < i; j++) {
            const char *mine = descend_status_string((descend_status)i);
            assert_string_not_equal(mine, descend_status_string((descend_status)j));
            assert_string_not_equal(mine, descend_status_string((descend_status)-1));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_header),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(an_escaped_zero_byte),
        cmocka_unit_test(lengths),
        cmocka_unit_test(the_longest_header),
        cmocka_unit_test(what_cannot_be_opened),
        cmocka_unit_test(a_file_that_becomes_shorter),
        cmocka_unit_test(each_has_its_own_message),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
