#define _POSIX_C_SOURCE 200809L /* pread, fstat, O_CLOEXEC */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crc32.h"
#include "numerals.h"
#include "retry.h"
#include "safetensors.h"

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

/* Reads and indexes the header. On failure there is nothing left to free. */
static descend_status read_header(struct descend_safetensors *file, uint64_t file_size)
{
    unsigned char length[DESCEND_LENGTH_BYTES];
    if (file_size < sizeof length)
        return DESCEND_BAD_FILE_SHORT;
    descend_status status = read_at(file->descriptor, length, sizeof length, 0);
    if (status != DESCEND_OK)
        return status;
    uint64_t size = 0;
    for (size_t i = sizeof length; i-- > 0;)
        size = size << 8 | length[i];
    if (size > DESCEND_HEADER_LIMIT)
        return DESCEND_BAD_FILE_HEADER_LIMIT;
    if (size > file_size - sizeof length)
        return DESCEND_BAD_FILE_HEADER_SIZE;
    if (size == 0)
        return DESCEND_BAD_FILE_JSON;

    unsigned char *text = malloc((size_t)size);
    if (text == NULL)
        return DESCEND_NO_MEMORY;
    file->data_at = sizeof length + size;
    status = read_at(file->descriptor, text, size, sizeof length);
    if (status == DESCEND_OK)
        status = descend_header_index(&file->header, text, (size_t)size, file_size - file->data_at);
    if (status != DESCEND_OK)
        free(text);
    return status;
}

/* Overwrites with '0' the digits of the checksum, at digits_at in the file, that lie in this piece of the file. */
static void zero_checksum_digits(unsigned char *piece, size_t size, uint64_t offset, uint64_t digits_at)
{
    for (uint64_t at = digits_at; at < digits_at + DESCEND_HEX_DIGITS; at++)
        if (at >= offset && at - offset < size)
            piece[at - offset] = '0';
}

static descend_status check_checksum(const struct descend_safetensors *file, uint64_t file_size)
{
    if (!file->header.has_checksum)
        return DESCEND_OK;
    struct descend_crc32 crc;
    descend_crc32_start(&crc);
    unsigned char piece[32768];
    for (uint64_t offset = 0, size; offset < file_size; offset += size) {
        size = file_size - offset < sizeof piece ? file_size - offset : sizeof piece;
        const descend_status status = read_at(file->descriptor, piece, size, offset);
        if (status != DESCEND_OK)
            return status;
        zero_checksum_digits(piece, (size_t)size, offset, DESCEND_LENGTH_BYTES + file->header.checksum_at);
        descend_crc32_add(&crc, piece, (size_t)size);
    }
    return descend_crc32_value(&crc) == file->header.checksum ? DESCEND_OK : DESCEND_BAD_FILE_CHECKSUM;
}

descend_status descend_safetensors_open(struct descend_safetensors *file, const char *path)
{
    uint64_t size;
    descend_status status = open_regular(&file->descriptor, path, &size);
    if (status != DESCEND_OK)
        return status;
    status = read_header(file, size);
    if (status == DESCEND_OK) {
        status = check_checksum(file, size);
        if (status == DESCEND_OK)
            return DESCEND_OK;
        free(file->header.text);
    }
    const int error = errno;
    close(file->descriptor);
    errno = error;
    return status;
}

descend_status descend_safetensors_read(const struct descend_safetensors *file, const struct descend_entry *entry,
                                        void *to)
{
    return read_at(file->descriptor, to, entry->size, file->data_at + entry->offset);
}

void descend_safetensors_close(struct descend_safetensors *file)
{
    free(file->header.text);
    close(file->descriptor);
}
