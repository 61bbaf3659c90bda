/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* pread, fstat, O_CLOEXEC */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crc32.h"
#include "numerals.h"
#include "order.h"
#include "retry.h"
#include "safetensors.h"

enum { PIECE = 65536 }; /* bytes of a tensor that are read at once: still in the cache for their checksum */

struct descend_file_memory {
    struct descend_crc32 crc;
    unsigned char piece[PIECE]; /* of a tensor that is read to nowhere */
    unsigned char header[];
};

/* Reads exactly this many bytes, or returns DESCEND_FILE_READ. */
static descend_status read_at(int descriptor, void *to, uint64_t size, uint64_t offset)
{
    unsigned char *at = to;
    while (size > 0) {
        ssize_t done;
        RETRY(done, pread(descriptor, at, (size_t)size, (off_t)offset));
        if (done <= 0) {
            errno = done == 0 ? EIO : errno; /* the file has become shorter */
            return DESCEND_FILE_READ;
        }
        at += done;
        size -= (uint64_t)done;
        offset += (uint64_t)done;
    }
    return DESCEND_OK;
}

/* Opens a file and finds its length; DESCEND_FILE_OPEN unless it is a regular file. */
static descend_status open_regular(int *descriptor, const char *path, uint64_t *size)
{
    /* O_NONBLOCK, or opening a pipe would wait for a writer. */
    RETRY(*descriptor, open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (*descriptor < 0)
        return DESCEND_FILE_OPEN;
    struct stat status;
    int result;
    RETRY(result, fstat(*descriptor, &status));
    int error = result == 0 ? 0 : errno;
    if (error == 0 && !S_ISREG(status.st_mode))
        error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    if (error != 0) {
        close(*descriptor);
        errno = error;
        return DESCEND_FILE_OPEN;
    }
    *size = (uint64_t)status.st_size;
    return DESCEND_OK;
}

/* What a piece that ends `after` bytes before the end of the header is in the checksum of the file. */
static uint32_t part_of_header(const struct descend_safetensors *file, const void *piece, size_t size, uint64_t after)
{
    const struct descend_crc32 *tables = &file->memory->crc;
    return descend_crc32_followed(tables, descend_crc32(tables, 0, piece, size), after + file->data_size);
}

/* Replaces the digits by '0' in the checksum of the header, as they were when it was computed. */
static void zero_digits(struct descend_safetensors *file, size_t header_size)
{
    char digits[DESCEND_HEX_DIGITS];
    const uint64_t after = header_size - file->header.checksum_at - sizeof digits;
    descend_uint32_to_hex(file->header.checksum, digits);
    file->checksum ^= part_of_header(file, digits, sizeof digits, after) ^
                      part_of_header(file, DESCEND_CHECKSUM_ZEROS, sizeof digits, after);
}

static descend_status read_header_size(const struct descend_safetensors *file, uint64_t file_size,
                                       unsigned char length[DESCEND_LENGTH_BYTES], uint64_t *size)
{
    if (file_size < DESCEND_LENGTH_BYTES)
        return DESCEND_BAD_FILE_SHORT;
    const descend_status status = read_at(file->descriptor, length, DESCEND_LENGTH_BYTES, 0);
    if (status != DESCEND_OK)
        return status;
    *size = 0;
    for (size_t i = DESCEND_LENGTH_BYTES; i-- > 0;)
        *size = *size << 8 | length[i];
    if (*size > DESCEND_HEADER_LIMIT)
        return DESCEND_BAD_FILE_HEADER_LIMIT;
    if (*size > file_size - DESCEND_LENGTH_BYTES)
        return DESCEND_BAD_FILE_HEADER_SIZE;
    return DESCEND_OK;
}

/* Reads and indexes the header. */
static descend_status read_header(struct descend_safetensors *file, uint64_t file_size)
{
    unsigned char length[DESCEND_LENGTH_BYTES];
    uint64_t size;
    descend_status status = read_header_size(file, file_size, length, &size);
    if (status != DESCEND_OK)
        return status;
    file->memory = malloc(sizeof *file->memory + (size_t)size);
    if (file->memory == NULL)
        return DESCEND_NO_MEMORY;
    descend_crc32_init(&file->memory->crc);
    unsigned char *text = file->memory->header;
    file->data_at = sizeof length + size;
    file->data_size = file_size - file->data_at;
    status = read_at(file->descriptor, text, size, sizeof length);
    if (status != DESCEND_OK)
        return status;
    file->checksum = part_of_header(file, length, sizeof length, size) ^ part_of_header(file, text, (size_t)size, 0);
    status = descend_header_index(&file->header, text, (size_t)size, file->data_size); /* overwrites the text */
    if (status == DESCEND_OK && file->header.has_checksum)
        zero_digits(file, (size_t)size);
    return status;
}

descend_status descend_safetensors_open(struct descend_safetensors *file, const char *path)
{
    uint64_t size;
    descend_status status = open_regular(&file->descriptor, path, &size);
    if (status != DESCEND_OK)
        return status;
    file->memory = NULL;
    file->is_shared = false;
    status = read_header(file, size);
    if (status != DESCEND_OK) {
        const int error = errno;
        descend_safetensors_close(file);
        errno = error;
    }
    return status;
}

/* Reads bytes of a tensor, and adds them to the checksum of the file if `adds`. `to` NULL: nowhere. */
static descend_status read_bytes(struct descend_safetensors *file, const struct descend_entry *entry, uint64_t begin,
                                 uint64_t bytes, unsigned char *to, bool adds)
{
    const struct descend_crc32 *tables = &file->memory->crc;
    const uint64_t offset = entry->offset + begin;
    uint32_t crc = 0;
    for (uint64_t done = 0, size; done < bytes; done += size) {
        unsigned char *at = to ? to + done : file->memory->piece;
        size = bytes - done < PIECE ? bytes - done : PIECE;
        const descend_status status = read_at(file->descriptor, at, size, file->data_at + offset + done);
        if (status != DESCEND_OK)
            return status;
        if (adds)
            crc = descend_crc32(tables, crc, at, (size_t)size);
        if (DESCEND_BIG_ENDIAN)
            descend_reverse_words(at, (size_t)size, descend_file_dtype_word(entry->dtype));
    }
    if (adds)
        file->checksum ^= descend_crc32_followed(tables, crc, file->data_size - offset - bytes);
    return DESCEND_OK;
}

descend_status descend_safetensors_read_part(struct descend_safetensors *file, const struct descend_entry *entry,
                                             uint64_t begin, uint64_t size, void *to)
{
    const bool adds = file->header.has_checksum && descend_header_mark_read(&file->header, entry);
    const bool reads_all = adds && !file->is_shared;
    const uint64_t end = begin + size;
    descend_status status = DESCEND_OK;
    if (reads_all)
        status = read_bytes(file, entry, 0, begin, NULL, adds);
    if (status == DESCEND_OK)
        status = read_bytes(file, entry, begin, size, to, adds);
    if (status == DESCEND_OK && reads_all)
        status = read_bytes(file, entry, end, entry->size - end, NULL, adds);
    return status;
}

descend_status descend_safetensors_read(struct descend_safetensors *file, const struct descend_entry *entry, void *to)
{
    return descend_safetensors_read_part(file, entry, 0, entry->size, to);
}

descend_status descend_safetensors_read_rest(struct descend_safetensors *file)
{
    descend_status status = DESCEND_OK;
    for (size_t i = 0; i < file->header.tensors && file->header.has_checksum && status == DESCEND_OK; i++) {
        const struct descend_entry entry = descend_header_entry(&file->header, i);
        if (!entry.is_read)
            status = descend_safetensors_read(file, &entry, NULL);
    }
    return status;
}

descend_status descend_safetensors_check(struct descend_safetensors *file)
{
    const descend_status status = descend_safetensors_read_rest(file);
    if (status != DESCEND_OK || !file->header.has_checksum)
        return status;
    return file->checksum == file->header.checksum ? DESCEND_OK : DESCEND_BAD_FILE_CHECKSUM;
}

void descend_safetensors_share(struct descend_safetensors *file, bool first)
{
    file->is_shared = true;
    if (!first)
        file->checksum = 0;
}

void descend_safetensors_leave(struct descend_safetensors *file, const struct descend_entry *entry)
{
    (void)descend_header_mark_read(&file->header, entry);
}

void descend_safetensors_close(struct descend_safetensors *file)
{
    free(file->memory);
    close(file->descriptor);
}
