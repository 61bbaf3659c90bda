/* SPDX-License-Identifier: MIT */
/* The header of a safetensors file, checked and indexed in its own memory. */
#ifndef DESCEND_CHECKPOINT_HEADER_H
#define DESCEND_CHECKPOINT_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/descend.h"
#include "json.h"

#define DESCEND_METADATA_KEY "__metadata__"
#define DESCEND_CHECKSUM_KEY "crc32"

enum {
    DESCEND_LENGTH_BYTES = 8,        /* the length of the header, in front of it */
    DESCEND_HEADER_LIMIT = 100000000 /* bytes; the limit of the safetensors library */
};

#define DESCEND_CHECKSUM_ZEROS "00000000" /* in place of the checksum's digits while it is computed */

/* The element types of safetensors that have whole bytes. */
enum descend_file_dtype {
    FILE_BOOL,
    FILE_U8,
    FILE_I8,
    FILE_F8_E5M2,
    FILE_F8_E4M3,
    FILE_F8_E8M0,
    FILE_U16,
    FILE_I16,
    FILE_F16,
    FILE_BF16,
    FILE_U32,
    FILE_I32,
    FILE_F32,
    FILE_U64,
    FILE_I64,
    FILE_F64,
    FILE_C64,
    FILE_DTYPES
};

const char *descend_file_dtype_name(enum descend_file_dtype dtype); /* "F32" */
size_t descend_file_dtype_size(enum descend_file_dtype dtype);      /* bytes */
size_t descend_file_dtype_word(enum descend_file_dtype dtype);      /* bytes whose order depends on the machine */

/* The index that descend_header_index makes in the memory of the text. */
struct descend_header {
    unsigned char *text;
    size_t tensors, pairs;
    const uint32_t *by_offset, *by_name; /* tensors */
    const uint32_t *by_key;              /* pairs of the metadata */
    bool has_checksum;
    size_t checksum_at; /* offset of its digits in the original text */
    uint32_t checksum;
};

/* One tensor of a file. Strings last as long as the header. */
struct descend_entry {
    struct descend_string name;
    struct descend_string shape; /* its dimensions in decimal, with commas between */
    enum descend_file_dtype dtype;
    uint64_t offset, size; /* bytes; from the header's end */
    bool is_read;          /* whether it has been marked */
    uint32_t record;       /* the header's own */
};

/*
 * Checks a header of `size` bytes, followed in its file by data_size bytes of tensors, and turns the text into an index
 * of it, in place: nothing is allocated, and the time is linear in size. text is aligned to 4 bytes, and is spoilt if
 * the header is refused.
 */
descend_status descend_header_index(struct descend_header *header, unsigned char *text, size_t size,
                                    uint64_t data_size);

/* Tensor number i < header->tensors, in the order of the data. */
struct descend_entry descend_header_entry(const struct descend_header *header, size_t i);
/* Marks a tensor as read; false: it has been marked before. */
bool descend_header_mark_read(struct descend_header *header, const struct descend_entry *entry);
/* In logarithmic time; false: no tensor has this name. */
bool descend_header_find(const struct descend_header *header, const char *name, struct descend_entry *entry);
/* The same with the name in parts, at least one, that end with a NULL unless all are used. A part may be empty. Saves
 * joining them. */
enum { DESCEND_KEY_PARTS = 6 };
bool descend_header_find_joined(const struct descend_header *header, const char *const name[DESCEND_KEY_PARTS],
                                struct descend_entry *entry);
bool descend_entry_has_shape(const struct descend_entry *entry, const uint64_t *shape, size_t rank);

/* Pair number i < header->pairs of the metadata, sorted by key. */
void descend_header_pair(const struct descend_header *header, size_t i, struct descend_string *key,
                         struct descend_string *value);
/* In logarithmic time; false: no such key. */
bool descend_header_metadata(const struct descend_header *header, const char *key, struct descend_string *value);
bool descend_header_metadata_joined(const struct descend_header *header, const char *const key[DESCEND_KEY_PARTS],
                                    struct descend_string *value);

#endif
