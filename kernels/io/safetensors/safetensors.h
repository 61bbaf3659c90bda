/* SPDX-License-Identifier: MIT */
/*
 * Files in the safetensors format: named tensors and named strings. A file is written as a whole; tensors are read one
 * by one.
 *
 * The format: the length of the header, 8 bytes, little-endian; the header, a JSON object that begins with '{' and is
 * padded with spaces; the tensors' bytes, without gaps. The object has, under the name of each tensor, {"dtype",
 * "shape", "data_offsets": [begin, end]}, with offsets from the header's end; and under "__metadata__" an object of
 * strings. One of those strings, "crc32", is the CRC-32 of the whole file in eight hexadecimal digits, computed with
 * '0' in their place. Elements are little-endian in the file and in the machine's order of bytes in memory.
 *
 * This is internal to descend::io; nothing here is public.
 */
#ifndef DESCEND_CHECKPOINT_SAFETENSORS_H
#define DESCEND_CHECKPOINT_SAFETENSORS_H

#include "header.h"

/* A tensor to be written, by one process or by several that have a part of it each. */
struct descend_file_tensor {
    const char *name; /* UTF-8 */
    enum descend_file_dtype dtype;
    size_t rank;
    const uint64_t *shape;          /* of the whole tensor */
    const void *data;               /* this process's part */
    uint64_t part_begin, part_size; /* which bytes of the tensor it is: whole elements */
};

/* A string of the metadata to be written, under its key; both UTF-8. */
struct descend_file_pair {
    const char *key, *value;
};

/*
 * Writes a file whole or not at all: first a temporary file beside it (replace.h), which is flushed to the disk and
 * then renamed to path. After any error the file at path is the old one; also if the process is killed. There is one
 * exception: where flushing the directory, the last operation, fails, the error is reported with the new file in place.
 *
 * The new file has the permissions of the file that it replaces, else the process's defaults. A symbolic link at path
 * is replaced, not followed. Where path is not a regular file: DESCEND_FILE_WRITE, errno EINVAL.
 *
 * Tensors are written whole, in the order given: data has all of each, and parts are not looked at. "crc32" is added to
 * the metadata and must not be in it. A file that could not be read back (names or keys that are not UTF-8 or occur
 * twice, for example) is refused before anything is written, with the status that reading it would return. Allocates
 * the header.
 */
descend_status descend_safetensors_write(const char *path, const struct descend_file_tensor *tensors, size_t count,
                                         const struct descend_file_pair *metadata, size_t pairs);

/* A file that is open for reading. */
struct descend_safetensors {
    int descriptor;
    struct descend_header header;
    uint64_t data_at, data_size; /* where the first tensor begins in the file; bytes of all tensors */
    uint32_t checksum;           /* as far as the file has been read; where it is shared, by this process */
    bool is_shared;
    struct descend_file_memory *memory;
};

/*
 * Opens a file and checks its header. Each way in which a file can be wrong has its own status. After DESCEND_OK the
 * file must be closed; after an error there is nothing to close.
 *
 * Allocates the length of the header, which is less than the file's, and 80 KiB; the functions below allocate nothing.
 * The time is linear in the header's length, whatever it contains.
 */
descend_status descend_safetensors_open(struct descend_safetensors *file, const char *path);

/* Reads the bytes of a tensor, which are not to be used before the file has been checked. After DESCEND_FILE_READ
 * (errno EIO where the file has become shorter since it was opened) part of `to` may have been written. */
descend_status descend_safetensors_read(struct descend_safetensors *file, const struct descend_entry *entry, void *to);

/* Reads only `size` bytes of a tensor, from byte `begin` on, both multiples of its elements' size. Unless the file is
 * shared or has no checksum, the tensor's other bytes are read, too, to nowhere. */
descend_status descend_safetensors_read_part(struct descend_safetensors *file, const struct descend_entry *entry,
                                             uint64_t begin, uint64_t size, void *to);

/* Reads to nowhere, if the file has a checksum, the tensors of which nothing has been read. */
descend_status descend_safetensors_read_rest(struct descend_safetensors *file);

/* Checks the checksum, if the file has one: that of the bytes that have been read, for what is read again may have
 * changed. (A tensor must therefore be read only once.) Reads the rest first. */
descend_status descend_safetensors_check(struct descend_safetensors *file);

/*
 * For processes that read a file together, each some parts. Called once, after opening, before anything is read: from
 * then on a process counts for the checksum only the parts that it reads; the first process counts the header, too. If
 * each byte of the tensors is read by one process, the checksum of the file is the XOR of `checksum` of all of them.
 *
 * leave: another process reads this tensor, so that this one does not count it and does not read it with the rest.
 */
void descend_safetensors_share(struct descend_safetensors *file, bool first);
void descend_safetensors_leave(struct descend_safetensors *file, const struct descend_entry *entry);

void descend_safetensors_close(struct descend_safetensors *file);

#endif
