/* SPDX-License-Identifier: MIT */
/* Damaged files are refused with nothing changed: any byte another, any end missing, or no safetensors file at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checkpoint/scene.h"
#include "test.h"

/* Not over the file that is there: some file systems would flush it to the disk. */
static descend_status load_bytes(struct scene *scene, const void *data, size_t size)
{
    remove(FILE_PATH);
    write_bytes(FILE_PATH, (struct bytes){(unsigned char *)data, size});
    return descend_optimizer_load(scene->mirror.optimizer, FILE_PATH, &scene->with);
}

static void assert_bytes_refused(struct scene *scene, const void *data, size_t size, descend_status expected,
                                 const char *what)
{
    const descend_status status = load_bytes(scene, data, size);
    if (status != expected)
        fail_msg("%s: %d (%s), not %d", what, (int)status, descend_status_string(status), (int)expected);
    assert_unchanged(scene, what);
}

/* The five letters of "crc32": with another in their place the file is one without a checksum, which is accepted. */
static bool in_name_of_checksum(struct bytes file, size_t at)
{
    const unsigned char *name = memmem(file.data, file.size, "\"crc32\":", 8);
    assert_non_null(name);
    return file.data + at > name && file.data + at < name + 6;
}

/* Of one optimizer every bit and length is tried, of the others some. */
static bool thoroughly(const struct configuration *configuration)
{
    return strcmp(configuration->optimizer, "adam") == 0;
}

static void check_bit(const struct scene *scene, int descriptor, size_t at, unsigned bit)
{
    const struct bytes file = scene->good;
    const unsigned char other = (unsigned char)(file.data[at] ^ 1u << bit);
    char what[64];
    snprintf(what, sizeof what, "bit %u of byte %zu of %zu", bit, at, file.size);
    assert_int_equal(pwrite(descriptor, &other, 1, (off_t)at), 1);
    const descend_status status = descend_optimizer_load(scene->mirror.optimizer, FILE_PATH, &scene->with);
    assert_int_equal(pwrite(descriptor, &file.data[at], 1, (off_t)at), 1);
    if (status < DESCEND_BAD_FILE_SHORT || (at >= data_at(file) && status != DESCEND_BAD_FILE_CHECKSUM))
        fail_msg("%s: %d (%s)", what, (int)status, descend_status_string(status));
    assert_unchanged(scene, what);
}

static void check_bytes(const struct configuration *configuration)
{
    struct scene scene;
    scene_make(&scene, configuration);
    const int descriptor = open(FILE_PATH, O_WRONLY | O_CLOEXEC);
    assert_true(descriptor >= 0);
    for (size_t at = 0; at < scene.good.size; at++)
        for (unsigned bit = 0; bit < 8 && !in_name_of_checksum(scene.good, at); bit++)
            if (thoroughly(configuration) || bit == at % 8)
                check_bit(&scene, descriptor, at, bit);
    close(descriptor);
    scene_free(&scene);
}

static void a_checksum_by_another_name(void **state)
{
    (void)state;
    size_t count, loaded = 0;
    const struct configuration *all = configurations(&count);
    struct scene scene;
    scene_make(&scene, all);
    for (size_t at = 0; at < scene.good.size; at++)
        for (unsigned bit = 0; bit < 8 && in_name_of_checksum(scene.good, at); bit++) {
            struct scene fresh;
            scene_make(&fresh, all);
            fresh.good.data[at] ^= (unsigned char)(1u << bit);
            const descend_status status = load_bytes(&fresh, fresh.good.data, fresh.good.size);
            if (status == DESCEND_OK)
                assert_loaded(&fresh, "no checksum");
            else
                assert_unchanged(&fresh, "a key that is none");
            loaded += status == DESCEND_OK;
            scene_free(&fresh);
        }
    assert_true(loaded > 0);
    scene_free(&scene);
}

static void any_byte_another(void **state)
{
    (void)state;
    for_each_fullest(check_bytes);
}

static void check_lengths(const struct configuration *configuration)
{
    struct scene scene;
    scene_make(&scene, configuration);
    const size_t data = data_at(scene.good);
    for (size_t size = 0; size < scene.good.size;
         size += size < 16 || size >= data - 2 || thoroughly(configuration) ? 1 : 61)
        assert_bytes_refused(&scene, scene.good.data, size,
                             size < 8      ? DESCEND_BAD_FILE_SHORT
                             : size < data ? DESCEND_BAD_FILE_HEADER_SIZE
                                           : DESCEND_BAD_FILE_TRUNCATED,
                             "a missing end");
    /* read_bytes leaves room for one byte */
    scene.good.data[scene.good.size] = 0;
    assert_bytes_refused(&scene, scene.good.data, scene.good.size + 1, DESCEND_BAD_FILE_TRAILING, "a byte too many");
    assert_int_equal(load_bytes(&scene, scene.good.data, scene.good.size), DESCEND_OK);
    assert_loaded(&scene, "after damaged files");
    scene_free(&scene);
}

static void any_end_missing(void **state)
{
    (void)state;
    for_each_fullest(check_lengths);
}

#define U8(shape, begin, end) "{\"dtype\":\"U8\",\"shape\":[" shape "],\"data_offsets\":[" begin "," end "]}"

static const struct {
    const char *json;
    size_t data;
    descend_status status;
} headers[] = {
    {"", 0, DESCEND_BAD_FILE_JSON},
    {"{}", 0, DESCEND_BAD_FILE_NUMERICS},
    {"[]", 0, DESCEND_BAD_FILE_JSON},
    {"{\"a\":1}", 0, DESCEND_BAD_FILE_JSON},
    {"{\"\xff\":" U8("0", "0", "0") "}", 0, DESCEND_BAD_FILE_UTF8},
    {"{\"a\":{\"dtype\":\"U8\",\"shape\":[0]}}", 0, DESCEND_BAD_FILE_FIELDS},
    {"{\"a\":{\"dtype\":\"U9\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, DESCEND_BAD_FILE_DTYPE},
    {"{\"a\":" U8("0", "0", "0") ",\"a\":" U8("0", "0", "0") "}", 0, DESCEND_BAD_FILE_DUPLICATE},
    {"{\"a\":" U8("18446744073709551616", "0", "0") "}", 0, DESCEND_BAD_FILE_OVERFLOW},
    {"{\"a\":" U8("4", "0", "3") "}", 3, DESCEND_BAD_FILE_TENSOR_SIZE},
    {"{\"a\":" U8("1", "1", "2") "}", 2, DESCEND_BAD_FILE_HOLE},
    {"{\"a\":" U8("2", "0", "2") ",\"b\":" U8("2", "1", "3") "}", 3, DESCEND_BAD_FILE_OVERLAP},
    {"{\"a\":" U8("4", "0", "4") "}", 3, DESCEND_BAD_FILE_TRUNCATED},
    {"{\"a\":" U8("4", "0", "4") "}", 5, DESCEND_BAD_FILE_TRAILING},
};

static void no_safetensors(void **state)
{
    (void)state;
    static const unsigned char too_long[] = {1, 0xe1, 0xf5, 5, 0, 0, 0, 0, '{', '}'}; /* 100,000,001 */
    struct scene scene;
    size_t count;
    const struct configuration *all = configurations(&count);
    scene_make(&scene, &all[count - 1]);
    for (size_t i = 0; i < COUNT(headers); i++) {
        const struct bytes bytes = with_header(headers[i].json, headers[i].data);
        assert_bytes_refused(&scene, bytes.data, bytes.size, headers[i].status, headers[i].json);
        free(bytes.data);
    }
    assert_bytes_refused(&scene, too_long, sizeof too_long, DESCEND_BAD_FILE_HEADER_LIMIT, "too long a header");
    scene_free(&scene);
}

static void files_that_cannot_be_opened(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        int error;
    } cases[] = {{"none.safetensors", ENOENT},
                 {"", ENOENT},
                 {"none/" FILE_PATH, ENOENT},
                 {"directory", EISDIR},
                 {FILE_PATH "/x", ENOTDIR}};
    struct scene scene;
    size_t count;
    const struct configuration *all = configurations(&count);
    scene_make(&scene, &all[count - 1]);
    assert_int_equal(mkdir("directory", 0777), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        errno = 0;
        const descend_status status = descend_optimizer_load(scene.mirror.optimizer, cases[i].path, &scene.with);
        assert_int_equal(errno, cases[i].error);
        assert_int_equal(status, DESCEND_FILE_OPEN);
        assert_unchanged(&scene, cases[i].path);
    }
    assert_entries(2);
    assert_int_equal(remove("directory"), 0);
    scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_byte_another),
        cmocka_unit_test(a_checksum_by_another_name),
        cmocka_unit_test(any_end_missing),
        cmocka_unit_test(no_safetensors),
        cmocka_unit_test(files_that_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
