/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* strndup */
#include "list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

enum { NAME_COLUMN_MAX = 60, STORAGE_COLUMN = 10 };

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

void list_text(const struct descend_header *header)
{
    list_tensors(header);
    list_metadata(header);
}

/* As a JSON string. (cJSON's end at a NUL, which names may have.) */
static void put_string(struct descend_string string)
{
    putchar('"');
    for (;;) {
        const char *quote = memchr(string.at, '"', string.size);
        const size_t size = quote ? (size_t)(quote - string.at) : string.size;
        show(stdout, (struct descend_string){string.at, size});
        if (quote == NULL)
            break;
        fputs("\\\"", stdout);
        string = (struct descend_string){quote + 1, string.size - size - 1};
    }
    putchar('"');
}

static void put_tensor(const struct descend_header *header, const struct descend_entry *entry)
{
    const struct descend_string storage = storage_of(header, entry->name);
    fputs("{\"name\": ", stdout);
    put_string(entry->name);
    printf(", \"dtype\": \"%s\", \"storage\": ", descend_file_dtype_name(entry->dtype));
    if (storage.size > 0)
        put_string(storage);
    else
        fputs("null", stdout);
    printf(", \"bytes\": %" PRIu64 ", \"shape\": [%.*s]}", entry->size, (int)entry->shape.size, entry->shape.at);
}

void list_json(const struct descend_header *header)
{
    fputs("{\n  \"tensors\": [", stdout);
    for (size_t i = 0; i < header->tensors; i++) {
        const struct descend_entry entry = descend_header_entry(header, i);
        fputs(i == 0 ? "\n    " : ",\n    ", stdout);
        put_tensor(header, &entry);
    }
    fputs("\n  ],\n  \"metadata\": {", stdout);
    for (size_t i = 0; i < header->pairs; i++) {
        struct descend_string key, value;
        descend_header_pair(header, i, &key, &value);
        fputs(i == 0 ? "\n    " : ",\n    ", stdout);
        put_string(key);
        fputs(": ", stdout);
        put_string(value);
    }
    puts("\n  }\n}");
}
