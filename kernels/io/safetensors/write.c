/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "compose.h"
#include "crc32.h"
#include "numerals.h"
#include "order.h"
#include "replace.h"

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
    for (uint64_t size = descend_file_tensor_size(tensor); size > 0 && status == DESCEND_OK;
         size -= piece, at += piece) {
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

static descend_status write_file(struct output *to, const struct descend_composed *header,
                                 const struct descend_file_tensor *tensors, size_t count)
{
    descend_crc32_init(&to->crc);
    to->checksum = 0;
    to->size = 0;
    descend_status status = append(to, header->text, header->size);
    for (size_t i = 0; i < count && status == DESCEND_OK; i++)
        status = append_tensor(to, &tensors[i]);
    if (status == DESCEND_OK)
        status = write_checksum(to, header->checksum_at);
    return status;
}

descend_status descend_safetensors_write(const char *path, const struct descend_file_tensor *tensors, size_t count,
                                         const struct descend_file_pair *metadata, size_t pairs)
{
    struct descend_composed header;
    descend_status status = descend_header_compose(&header, tensors, count, metadata, pairs);
    if (status != DESCEND_OK)
        return status;
    struct output *to = malloc(sizeof *to); /* too large for a small stack */
    status = to ? descend_replacement_begin(&to->file, path) : DESCEND_NO_MEMORY;
    if (status == DESCEND_OK) {
        status = write_file(to, &header, tensors, count);
        if (status == DESCEND_OK)
            status = descend_replacement_commit(&to->file);
        else
            descend_replacement_abandon(&to->file);
    }
    free(to);
    descend_composed_free(&header);
    return status;
}
