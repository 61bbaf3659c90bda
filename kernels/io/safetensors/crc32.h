/* SPDX-License-Identifier: MIT */
/* CRC-32 as in zip, gzip and zlib (polynomial 0xedb88320, reflected), eight bytes at a time. */
#ifndef DESCEND_CHECKPOINT_CRC32_H
#define DESCEND_CHECKPOINT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Tables, built in a few microseconds: no 8 KiB of constants in the source, nothing shared between threads. */
struct descend_crc32 {
    uint32_t remainder[8][256]; /* [k][b]: of byte b followed by k zero bytes */
    uint32_t shift[64];         /* [k]: by 2^k bytes */
};

void descend_crc32_init(struct descend_crc32 *tables);

/* The checksum of bytes whose beginning has the checksum `before`; 0 where there is no beginning. */
uint32_t descend_crc32(const struct descend_crc32 *tables, uint32_t before, const void *data, size_t size);

/* What a piece with this checksum is in the checksum of the whole, where so many bytes follow the piece: the checksum
 * of the whole is the XOR of this over all pieces, whatever the order in which they are read. */
uint32_t descend_crc32_followed(const struct descend_crc32 *tables, uint32_t piece, uint64_t bytes);

#endif
