/* SPDX-License-Identifier: MIT */
/* descend-ckpt: what is in a safetensors file, and whether it is sound; and a checkpoint's arrays as float32. */
#define _GNU_SOURCE /* getopt_long */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "widen.h"

static const char usage[] =
    "usage: descend-ckpt list FILE     the tensors and the metadata of a checkpoint\n"
    "       descend-ckpt verify FILE   exits 0 if it is sound and its checksum is right\n"
    "       descend-ckpt widen FILE OUT   writes a checkpoint in which all arrays are F32\n"
    "Any safetensors file can be listed and verified; control characters in its names are shown\n"
    "escaped. widen takes the checkpoints that this library loads, and has all of OUT in memory.\n";

enum { EXIT_USAGE = 2, NAME_COLUMN_MAX = 60, STORAGE_COLUMN = 10 };

/* The size of the control character at `at`, of C1 too (U+0080 to U+009F, which terminals obey); else 0. */
static size_t control(struct descend_string string, size_t at)
{
    const unsigned char c = (unsigned char)string.at[at];
    if (c < 0x20 || c == 0x7f)
        return 1;
    return c == 0xc2 && (unsigned char)string.at[at + 1] < 0xa0 ? 2 : 0;
}

/* Prints the string, or counts only, with control characters and backslashes as in JSON; returns the columns, as far as
 * characters are one column each. */
static int show(FILE *to, struct descend_string string)
{
    int columns = 0;
    for (size_t at = 0, size; at < string.size; at += size) {
        const unsigned char c = (unsigned char)string.at[at];
        const size_t controls = control(string, at);
        size = controls ? controls : 1;
        if (controls || c == '\\') {
            columns += controls ? 6 : 2;
            if (to != NULL && controls)
                fprintf(to, "\\u%04x", (unsigned char)string.at[at + controls - 1]);
            else if (to != NULL)
                fputs("\\\\", to);
        } else {
            columns += (c & 0xc0) != 0x80;
            if (to != NULL)
                putc(c, to);
        }
    }
    return columns;
}

static void pad(int columns, int width)
{
    printf("%*s", columns < width ? width - columns : 0, "");
}

/* What the metadata says of how the array is stored that has this tensor as its data; empty where that is nothing. */
static struct descend_string storage_of(const struct descend_header *header, struct descend_string name)
{
    struct descend_string storage = {"", 0};
    char *const key = strndup(name.at, name.size);
    if (key != NULL && strlen(key) == name.size)
        (void)descend_header_metadata_joined(header, KEY(KEY_STORAGE, key), &storage);
    free(key);
    return storage;
}

static void list_tensors(const struct descend_header *header)
{
    int width = 4;
    uint64_t bytes = 0;
    for (size_t i = 0; i < header->tensors; i++) {
        const int columns = show(NULL, descend_header_entry(header, i).name);
        width = columns > width ? columns : width;
    }
    width = width < NAME_COLUMN_MAX ? width : NAME_COLUMN_MAX;
    printf("%-*s  %-7s  %-*s  %12s  shape\n", width, "name", "dtype", STORAGE_COLUMN, "storage", "bytes");
    for (size_t i = 0; i < header->tensors; i++) {
        const struct descend_entry entry = descend_header_entry(header, i);
        pad(show(stdout, entry.name), width);
        printf("  %-7s  ", descend_file_dtype_name(entry.dtype));
        pad(show(stdout, storage_of(header, entry.name)), STORAGE_COLUMN);
        printf("  %12" PRIu64 "  [%.*s]\n", entry.size, (int)entry.shape.size, entry.shape.at);
        bytes += entry.size;
    }
    printf("%zu tensors, %" PRIu64 " bytes\n", header->tensors, bytes);
}

static void list_metadata(const struct descend_header *header)
{
    if (header->pairs > 0)
        puts("\nmetadata");
    for (size_t i = 0; i < header->pairs; i++) {
        struct descend_string key, value;
        descend_header_pair(header, i, &key, &value);
        show(stdout, key);
        fputs(": ", stdout);
        show(stdout, value);
        putchar('\n');
    }
}

static void complain(const char *path, descend_status status)
{
    const bool system = status >= DESCEND_FILE_OPEN && status <= DESCEND_FILE_WRITE;
    const char *reason = system ? strerror(errno) : "";
    fprintf(stderr, "descend-ckpt: %s: %s%s%s\n", path, descend_status_string(status), system ? ": " : "", reason);
}

/* Opens a file that is sound; where it is not, says why. */
static bool open_sound(struct descend_safetensors *file, const char *path)
{
    descend_status status = descend_safetensors_open(file, path);
    if (status != DESCEND_OK) {
        complain(path, status);
        return false;
    }
    status = descend_safetensors_check(file);
    if (status != DESCEND_OK) {
        complain(path, status);
        descend_safetensors_close(file);
    }
    return status == DESCEND_OK;
}

static int list(const char *path)
{
    struct descend_safetensors file;
    if (!open_sound(&file, path))
        return EXIT_FAILURE;
    list_tensors(&file.header);
    list_metadata(&file.header);
    descend_safetensors_close(&file);
    return EXIT_SUCCESS;
}

static int verify(const char *path)
{
    struct descend_safetensors file;
    if (!open_sound(&file, path))
        return EXIT_FAILURE;
    const bool has_checksum = file.header.has_checksum;
    if (has_checksum)
        printf("%s: sound, crc32 %08" PRIx32 "\n", path, file.header.checksum);
    else
        fprintf(stderr, "descend-ckpt: %s: the file has no checksum\n", path);
    descend_safetensors_close(&file);
    return has_checksum ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int write_wide(const char *path, const char *to)
{
    struct descend_safetensors file;
    descend_status status = descend_safetensors_open(&file, path);
    if (status == DESCEND_OK) {
        status = widen(&file, to);
        const int error = errno;
        descend_safetensors_close(&file);
        errno = error;
    }
    if (status != DESCEND_OK)
        complain(status == DESCEND_FILE_WRITE ? to : path, status);
    return status == DESCEND_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option != 'h')
            return EXIT_USAGE;
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (argc - optind == 2 && strcmp(argv[optind], "list") == 0)
        return list(argv[optind + 1]);
    if (argc - optind == 2 && strcmp(argv[optind], "verify") == 0)
        return verify(argv[optind + 1]);
    if (argc - optind == 3 && strcmp(argv[optind], "widen") == 0)
        return write_wide(argv[optind + 1], argv[optind + 2]);
    fputs(usage, stderr);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const int result = run(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("descend-ckpt: standard output");
        return EXIT_FAILURE;
    }
    return result;
}
