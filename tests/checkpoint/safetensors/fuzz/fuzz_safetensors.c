/* SPDX-License-Identifier: MIT */
/* libFuzzer's program for the reader of safetensors files: any bytes as a file. What is accepted must be coherent. */
#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/safetensors/numerals.h"
#include "io/safetensors/safetensors.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort(); /* which libFuzzer reports */
}

/* As a C string, for the functions that look it up; false: it has a '\0' within. */
static bool c_string(struct descend_string string, char **text)
{
    if (memchr(string.at, '\0', string.size) != NULL)
        return false;
    *text = malloc(string.size + 1);
    require(*text != NULL);
    memcpy(*text, string.at, string.size);
    (*text)[string.size] = '\0';
    return true;
}

/* The number of elements that the text of a shape means. */
static uint64_t elements(struct descend_string shape)
{
    uint64_t product = 1;
    for (size_t at = 0, end; at < shape.size; at = end + 1) {
        uint64_t dimension;
        for (end = at; end < shape.size && shape.at[end] != ',';)
            end++;
        require(descend_text_to_uint64(shape.at + at, end - at, &dimension));
        product *= dimension;
    }
    return product;
}

static void check_tensors(struct descend_safetensors *file)
{
    uint64_t covered = 0;
    for (size_t i = 0; i < file->header.tensors; i++) {
        const struct descend_entry entry = descend_header_entry(&file->header, i);
        struct descend_entry found;
        char *name;
        if (c_string(entry.name, &name)) {
            require(descend_header_find(&file->header, name, &found) && found.name.at == entry.name.at);
            free(name);
        }
        require(utf8_valid(entry.name.at, entry.name.size));
        require(entry.offset == covered);
        require(entry.size == elements(entry.shape) * descend_file_dtype_size(entry.dtype));
        covered += entry.size;
        void *values = malloc(entry.size + 1);
        require(values != NULL && descend_safetensors_read(file, &entry, values) == DESCEND_OK);
        free(values);
    }
}

static void check_metadata(const struct descend_safetensors *file)
{
    for (size_t i = 0; i < file->header.pairs; i++) {
        struct descend_string key, value, found;
        char *text;
        descend_header_pair(&file->header, i, &key, &value);
        if (c_string(key, &text)) {
            require(descend_header_metadata(&file->header, text, &found) && found.at == value.at);
            free(text);
        }
        require(utf8_valid(key.at, key.size));
        require(utf8_valid(value.at, value.size));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int descriptor = -1;
    if (descriptor < 0)
        descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    require(ftruncate(descriptor, (off_t)size) == 0);
    require(pwrite(descriptor, data, size, 0) == (ssize_t)size);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    struct descend_safetensors file;
    if (descend_safetensors_open(&file, path) == DESCEND_OK) {
        check_tensors(&file);
        check_metadata(&file);
        const descend_status read = descend_safetensors_check(&file);
        require(read == DESCEND_OK || read == DESCEND_BAD_FILE_CHECKSUM);
        descend_safetensors_close(&file);
    }
    return 0;
}
