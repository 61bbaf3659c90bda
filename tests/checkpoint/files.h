/* SPDX-License-Identifier: MIT */
/* Files for the tests of checkpoints: in memory, and in a directory of the test's own. */
#ifndef DESCEND_TESTS_FILES_H
#define DESCEND_TESTS_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "safetensors.h"

/* The file that most tests write: in the directory that enter_directory made. */
#define FILE_PATH "it.safetensors"

/* A file's bytes. */
struct bytes {
    unsigned char *data;
    size_t size;
};

/* A safetensors file with this header, padded with spaces to 8, and so many bytes of data. To be freed. */
struct bytes with_header(const char *json, size_t data_size);

size_t data_at(struct bytes file);  /* where the tensors begin */
char *header_of(struct bytes file); /* the text of its header; to be freed */

/* Opens and checks a file; nothing is left to be closed unless both succeed. */
descend_status open_checked(struct descend_safetensors *file, const char *path);

/* The same with a file of these bytes that is in no directory. */
descend_status open_bytes(struct descend_safetensors *file, const void *data, size_t size);

void write_bytes(const char *path, struct bytes bytes);
struct bytes read_bytes(const char *path); /* to be freed */

/* Writes FILE_PATH: the good file with this text in its header replaced, and without its checksum. */
void write_edited(struct bytes good, const char *text, const char *replacement);

/* For cmocka's groups: a working directory of its own, removed with all that is in it. */
int enter_directory(void **state);
int leave_directory(void **state);
size_t entries(const char *path);   /* how many files are in a directory */
void assert_entries(size_t wanted); /* that many are in the working directory */
size_t open_descriptors(void);

#endif
