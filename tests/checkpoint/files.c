/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

struct bytes with_header(const char *json, size_t data_size)
{
    const size_t size = strlen(json), padded = (size + 7) / 8 * 8;
    struct bytes bytes = {malloc(8 + padded + data_size), 8 + padded + data_size};
    assert_non_null(bytes.data);
    for (size_t i = 0; i < 8; i++)
        bytes.data[i] = (unsigned char)(padded >> 8 * i);
    for (size_t i = 0; i < padded; i++)
        bytes.data[8 + i] = i < size ? (unsigned char)json[i] : ' ';
    memset(bytes.data + 8 + padded, 0x5a, data_size);
    return bytes;
}

static void write_all(int descriptor, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        const ssize_t more = pwrite(descriptor, (const char *)data + done, size - done, (off_t)done);
        assert_true(more > 0);
        done += (size_t)more;
    }
}

descend_status open_checked(struct descend_safetensors *file, const char *path)
{
    descend_status status = descend_safetensors_open(file, path);
    if (status == DESCEND_OK && (status = descend_safetensors_check(file)) != DESCEND_OK)
        descend_safetensors_close(file);
    return status;
}

descend_status open_bytes(struct descend_safetensors *file, const void *data, size_t size)
{
    const int descriptor = memfd_create("checkpoint", MFD_CLOEXEC);
    assert_true(descriptor >= 0);
    write_all(descriptor, data, size);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const descend_status status = open_checked(file, path);
    close(descriptor);
    return status;
}

void write_bytes(const char *path, struct bytes bytes)
{
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    assert_true(descriptor >= 0);
    write_all(descriptor, bytes.data, bytes.size);
    assert_int_equal(close(descriptor), 0);
}

struct bytes read_bytes(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long end = ftell(file);
    assert_true(end >= 0);
    rewind(file);
    struct bytes bytes = {malloc((size_t)end + 1), (size_t)end};
    assert_non_null(bytes.data);
    assert_int_equal(fread(bytes.data, 1, bytes.size, file), bytes.size);
    fclose(file);
    return bytes;
}

size_t data_at(struct bytes file)
{
    size_t at = 8;
    for (size_t i = 0; i < 8; i++)
        at += (size_t)file.data[i] << 8 * i;
    return at;
}

static char directory[] = "checkpoint.XXXXXX";

char *header_of(struct bytes file)
{
    size_t size = 0;
    for (size_t i = 8; i-- > 0;)
        size = size << 8 | file.data[i];
    char *json = strndup((const char *)file.data + 8, size);
    assert_non_null(json);
    return json;
}

void write_edited(struct bytes good, const char *text, const char *replacement)
{
    char *json = header_of(good), *checksum = strstr(json, ",\"crc32\":\"");
    const size_t data_at = 8 + strlen(json), data_size = good.size - data_at,
                 digits = strlen(",\"crc32\":\"01234567\"");
    assert_non_null(checksum);
    memmove(checksum, checksum + digits, strlen(checksum + digits) + 1);
    char *at = strstr(json, text), *edited;
    if (!at)
        fail_msg("%s is not in the header: %s", text, json);
    assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - json), json, replacement, at + strlen(text)) > 0);
    const struct bytes bad = with_header(edited, data_size);
    memcpy(bad.data + bad.size - data_size, good.data + data_at, data_size);
    remove(FILE_PATH);
    write_bytes(FILE_PATH, bad);
    free(json);
    free(edited);
    free(bad.data);
}

int enter_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL || chdir(directory) != 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

int leave_directory(void **state)
{
    (void)state;
    return chdir("..") != 0 || nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS) != 0;
}

size_t entries(const char *path)
{
    DIR *dir = opendir(path);
    assert_non_null(dir);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

void assert_entries(size_t wanted)
{
    assert_int_equal(entries("."), wanted);
}

size_t open_descriptors(void)
{
    return entries("/proc/self/fd");
}
