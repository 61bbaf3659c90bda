/*
 * Files in the safetensors format: named tensors and named strings, written as a whole and read one by one.
 *
 * The format: 8 bytes, little-endian, with the length of the header; the header, one JSON object that begins with '{'
 * and is padded with spaces; the tensors' bytes, little-endian, without a gap. The object has, by name, each tensor's
 * {"dtype", "shape", "data_offsets": [begin, end]}, counted from the header's end, and "__metadata__", an object of
 * strings. One of those strings, "crc32", is the CRC-32 of the whole file in eight digits, with '0' for those digits.
 *
 * This is the inside of descend::io; nothing here is public.
 */
#ifndef DESCEND_CHECKPOINT_SAFETENSORS_H
#define DESCEND_CHECKPOINT_SAFETENSORS_H

#include "header.h"

/* A tensor to be written. */
struct descend_file_tensor {
    const char *name; /* UTF-8 */
    enum descend_file_dtype dtype;
    size_t rank;
    const uint64_t *shape;
    const void *data;
};

/* A string of the metadata to be written, under its key; both UTF-8. */
struct descend_file_pair {
    const char *key, *value;
};

/*
 * Writes a file whole or not at all: to a temporary file beside it, `path`.tmp.PROCESS.NUMBER, which is flushed to the
 * disk and then takes its place. Whatever goes wrong, the file at path is the old one; so it is when the process is
 * killed, but then the temporary file may be left. Only an error of the very last act, flushing the directory, is
 * reported with the new file in place.
 *
 * The new file keeps the permissions of the old; one that is new has the process's defaults. A symbolic link at path is
 * replaced, not followed. What is no regular file is refused (DESCEND_FILE_WRITE, errno EINVAL).
 *
 * Tensors come in the order given; "crc32" is added to the metadata and must not be in it. What could not be read back,
 * names or keys that are no UTF-8 or come twice among it, is refused by the status with which reading would refuse it,
 * before anything is written. Allocates the header and the name of the temporary file.
 */
descend_status descend_safetensors_write(const char *path, const struct descend_file_tensor *tensors, size_t count,
                                         const struct descend_file_pair *metadata, size_t pairs);

/* A file that is open for reading. */
struct descend_safetensors {
    int descriptor;
    struct descend_header header;
    uint64_t data_at; /* where in the file the first tensor begins */
};

/*
 * Opens a file and checks all of it, the checksum too if it has one: each cause its own status. On DESCEND_OK it must
 * be closed; else there is nothing to close.
 *
 * The one allocation, here or in any function below, is the header's length: less than the file's. The time is linear
 * in the file's length, whatever is in it.
 */
descend_status descend_safetensors_open(struct descend_safetensors *file, const char *path);

/* The bytes of one of its tensors. DESCEND_FILE_READ (errno EIO where the file has meanwhile become shorter): `to` may
 * have been written in part. */
descend_status descend_safetensors_read(const struct descend_safetensors *file, const struct descend_entry *entry,
                                        void *to);

void descend_safetensors_close(struct descend_safetensors *file);

#endif
