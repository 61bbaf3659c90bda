/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "numerals.h"
#include "order.h"
#include "replace.h"
#include "safetensors.h"

enum { ALIGNMENT = 8 };

/* The contents of a file. */
struct contents {
    const struct descend_file_tensor *tensors;
    size_t count;
    const struct descend_file_pair *metadata;
    size_t pairs;
};

/* A header that is being composed, twice: first with text NULL, to find its length. */
struct composition {
    unsigned char *text;
    size_t size;
    size_t checksum_at; /* the offset of its digits */
    uint64_t data_size;
};

static void put_bytes(struct composition *to, const char *bytes, size_t size)
{
    if (to->text != NULL)
        memcpy(to->text + to->size, bytes, size);
    to->size += size;
}

static void put(struct composition *to, const char *text)
{
    put_bytes(to, text, strlen(text));
}

static void put_number(struct composition *to, uint64_t number)
{
    char text[DESCEND_NUMERAL];
    put_bytes(to, text, descend_uint64_to_text(number, text));
}

static void put_string(struct composition *to, const char *string)
{
    put(to, "\"");
    for (; *string != '\0'; string++) {
        const unsigned char c = (unsigned char)*string;
        if (c == '"' || c == '\\') {
            put(to, "\\");
        } else if (c < 0x20) {
            char digits[DESCEND_HEX_DIGITS];
            descend_uint32_to_hex(c, digits);
            put(to, "\\u");
            put_bytes(to, digits + DESCEND_HEX_DIGITS - 4, 4);
            continue;
        }
        put_bytes(to, string, 1);
    }
    put(to, "\"");
}

static void put_metadata(struct composition *to, const struct contents *contents)
{
    put(to, "\"" DESCEND_METADATA_KEY "\":{");
    for (size_t i = 0; i < contents->pairs; i++) {
        put_string(to, contents->metadata[i].key);
        put(to, ":");
        put_string(to, contents->metadata[i].value);
        put(to, ",");
    }
    put(to, "\"" DESCEND_CHECKSUM_KEY "\":\"");
    to->checksum_at = to->size;
    put(to, DESCEND_CHECKSUM_ZEROS);
    put(to, "\"}");
}

/* The bytes of a tensor modulo 2^64; make_header refuses tensors with more bytes. */
static uint64_t tensor_size(const struct descend_file_tensor *tensor)
{
    uint64_t size = descend_file_dtype_size(tensor->dtype);
    for (size_t i = 0; i < tensor->rank; i++)
        size *= tensor->shape[i];
    return size;
}

/* False where the tensors have more bytes than 64 bits can count. */
static bool put_tensor(struct composition *to, const struct descend_file_tensor *tensor)
{
    const uint64_t size = tensor_size(tensor);
    if (size > UINT64_MAX - to->data_size)
        return false;
    put(to, ",");
    put_string(to, tensor->name);
    put(to, ":{\"dtype\":\"");
    put(to, descend_file_dtype_name(tensor->dtype));
    put(to, "\",\"shape\":[");
    for (size_t i = 0; i < tensor->rank; i++) {
        if (i > 0)
            put(to, ",");
        put_number(to, tensor->shape[i]);
    }
    put(to, "],\"data_offsets\":[");
    put_number(to, to->data_size);
    to->data_size += size;
    put(to, ",");
    put_number(to, to->data_size);
    put(to, "]}");
    return true;
}

/* Composes the header into text; only finds its size where text is NULL. */
static descend_status compose(struct composition *to, unsigned char *text, const struct contents *contents)
{
    *to = (struct composition){.text = text};
    put(to, "{");
    put_metadata(to, contents);
    for (size_t i = 0; i < contents->count; i++)
        if (!put_tensor(to, &contents->tensors[i]))
            return DESCEND_BAD_FILE_OVERFLOW;
    put(to, "}");
    while (to->size % ALIGNMENT != 0)
        put(to, " ");
    return to->size > DESCEND_HEADER_LIMIT ? DESCEND_BAD_FILE_HEADER_LIMIT : DESCEND_OK;
}

/* Composes a header that reading accepts. On DESCEND_OK its text is to be freed. */
static descend_status make_header(struct composition *header, const struct contents *contents)
{
    descend_status status = compose(header, NULL, contents);
    if (status != DESCEND_OK)
        return status;
    unsigned char *text = malloc(header->size);
    if (text == NULL)
        return DESCEND_NO_MEMORY;
    (void)compose(header, text, contents);
    struct descend_header index;
    status = descend_header_index(&index, text, header->size, header->data_size);
    if (status == DESCEND_OK)
        (void)compose(header, text, contents); /* again: the check has overwritten it */
    else
        free(text);
    return status;
}

enum { PIECE = 262144 }; /* bytes that are written at once: still in the cache after their checksum */

/* A file that is being written, from its beginning to `size`. */
struct output {
    struct descend_replacement file;
    struct descend_crc32 crc;
    uint32_t checksum;
    uint64_t size;
    unsigned char reversed[DESCEND_BIG_ENDIAN ? PIECE : 1];
};

static descend_status append(struct output *to, const void *data, size_t size)
{
    to->checksum = descend_crc32(&to->crc, to->checksum, data, size);
    const descend_status status = descend_replacement_write(&to->file, data, size, to->size);
    to->size += size;
    return status;
}

static descend_status append_tensor(struct output *to, const struct descend_file_tensor *tensor)
{
    descend_status status = DESCEND_OK;
    const unsigned char *at = tensor->data;
    size_t piece;
    for (uint64_t size = tensor_size(tensor); size > 0 && status == DESCEND_OK; size -= piece, at += piece) {
        piece = size < PIECE ? (size_t)size : PIECE;
        if (DESCEND_BIG_ENDIAN) {
            memcpy(to->reversed, at, piece);
            descend_reverse_words(to->reversed, piece, descend_file_dtype_word(tensor->dtype));
        }
        status = append(to, DESCEND_BIG_ENDIAN ? to->reversed : at, piece);
    }
    return status;
}

static descend_status write_checksum(const struct output *to, uint64_t offset)
{
    char digits[DESCEND_HEX_DIGITS];
    descend_uint32_to_hex(to->checksum, digits);
    return descend_replacement_write(&to->file, digits, sizeof digits, offset);
}

static descend_status write_file(struct output *to, const struct composition *header, const struct contents *contents)
{
    unsigned char length[DESCEND_LENGTH_BYTES];
    for (int i = 0; i < DESCEND_LENGTH_BYTES; i++)
        length[i] = (unsigned char)((uint64_t)header->size >> 8 * i);
    descend_crc32_init(&to->crc);
    to->checksum = 0;
    to->size = 0;
    descend_status status = append(to, length, sizeof length);
    if (status == DESCEND_OK)
        status = append(to, header->text, header->size);
    for (size_t i = 0; i < contents->count && status == DESCEND_OK; i++)
        status = append_tensor(to, &contents->tensors[i]);
    if (status == DESCEND_OK)
        status = write_checksum(to, DESCEND_LENGTH_BYTES + header->checksum_at);
    return status;
}

descend_status descend_safetensors_write(const char *path, const struct descend_file_tensor *tensors, size_t count,
                                         const struct descend_file_pair *metadata, size_t pairs)
{
    const struct contents contents = {tensors, count, metadata, pairs};
    struct composition header;
    descend_status status = make_header(&header, &contents);
    if (status != DESCEND_OK)
        return status;
    struct output *to = malloc(sizeof *to); /* too large for a small stack */
    status = to ? descend_replacement_begin(&to->file, path) : DESCEND_NO_MEMORY;
    if (status == DESCEND_OK) {
        status = write_file(to, &header, &contents);
        if (status == DESCEND_OK)
            status = descend_replacement_commit(&to->file);
        else
            descend_replacement_abandon(&to->file);
    }
    free(to);
    free(header.text);
    return status;
}
