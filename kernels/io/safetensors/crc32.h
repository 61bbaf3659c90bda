/* CRC-32 as in zip, gzip and zlib (polynomial 0xedb88320, reflected), eight bytes at a time. */
#ifndef DESCEND_CHECKPOINT_CRC32_H
#define DESCEND_CHECKPOINT_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* A checksum that is being computed. Each has its own table, built in a few microseconds: no 8 KiB of constants in the
 * source, nothing shared between threads. */
struct descend_crc32 {
    uint32_t table[8][256]; /* [k][b]: byte b followed by k zero bytes */
    uint32_t remainder;
};

void descend_crc32_start(struct descend_crc32 *crc);
void descend_crc32_add(struct descend_crc32 *crc, const void *data, size_t size);
uint32_t descend_crc32_value(const struct descend_crc32 *crc);

#endif
