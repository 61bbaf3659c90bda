/* SPDX-License-Identifier: MIT */
#include "compose.h"

#include <stdlib.h>
#include <string.h>

#include "numerals.h"

enum { ALIGNMENT = 8 };

/* The contents of a file. */
struct contents {
    const struct descend_file_tensor *tensors;
    size_t count;
    const struct descend_file_pair *metadata;
    size_t pairs;
};

static void put_bytes(struct descend_composed *to, const char *bytes, size_t size)
{
    if (to->text != NULL)
        memcpy(to->text + to->size, bytes, size);
    to->size += size;
}

static void put(struct descend_composed *to, const char *text)
{
    put_bytes(to, text, strlen(text));
}

static void put_number(struct descend_composed *to, uint64_t number)
{
    char text[DESCEND_NUMERAL];
    put_bytes(to, text, descend_uint64_to_text(number, text));
}

static void put_string(struct descend_composed *to, const char *string)
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

static void put_metadata(struct descend_composed *to, const struct contents *contents)
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

uint64_t descend_file_tensor_size(const struct descend_file_tensor *tensor)
{
    uint64_t size = descend_file_dtype_size(tensor->dtype);
    for (size_t i = 0; i < tensor->rank; i++)
        size *= tensor->shape[i];
    return size;
}

/* False where the tensors have more bytes than 64 bits can count. */
static bool put_tensor(struct descend_composed *to, const struct descend_file_tensor *tensor)
{
    const uint64_t size = descend_file_tensor_size(tensor);
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

/* Composes the header into text, behind room for its length; only finds its size where text is NULL. */
static descend_status compose(struct descend_composed *to, unsigned char *text, const struct contents *contents)
{
    *to = (struct descend_composed){.text = text, .size = DESCEND_LENGTH_BYTES};
    put(to, "{");
    put_metadata(to, contents);
    for (size_t i = 0; i < contents->count; i++)
        if (!put_tensor(to, &contents->tensors[i]))
            return DESCEND_BAD_FILE_OVERFLOW;
    put(to, "}");
    while (to->size % ALIGNMENT != 0)
        put(to, " ");
    return to->size - DESCEND_LENGTH_BYTES > DESCEND_HEADER_LIMIT ? DESCEND_BAD_FILE_HEADER_LIMIT : DESCEND_OK;
}

static void put_length(const struct descend_composed *header)
{
    const uint64_t length = header->size - DESCEND_LENGTH_BYTES;
    for (int i = 0; i < DESCEND_LENGTH_BYTES; i++)
        header->text[i] = (unsigned char)(length >> 8 * i);
}

/* Whether reading accepts the header, which it overwrites. */
static descend_status check(const struct descend_composed *header)
{
    struct descend_header index;
    return descend_header_index(&index, header->text + DESCEND_LENGTH_BYTES, header->size - DESCEND_LENGTH_BYTES,
                                header->data_size);
}

descend_status descend_header_compose(struct descend_composed *header, const struct descend_file_tensor *tensors,
                                      size_t count, const struct descend_file_pair *metadata, size_t pairs)
{
    const struct contents contents = {tensors, count, metadata, pairs};
    descend_status status = compose(header, NULL, &contents);
    if (status != DESCEND_OK)
        return status;
    unsigned char *text = malloc(header->size);
    if (text == NULL)
        return DESCEND_NO_MEMORY;
    (void)compose(header, text, &contents);
    status = check(header);
    (void)compose(header, text, &contents); /* again: the check has overwritten it */
    put_length(header);
    if (status != DESCEND_OK)
        descend_composed_free(header);
    return status;
}

void descend_composed_free(struct descend_composed *header)
{
    free(header->text);
    header->text = NULL;
}
