/* SPDX-License-Identifier: MIT */
/*
 * A checksum is the remainder of the bytes, taken as a polynomial over GF(2), modulo that of CRC-32. So it adds up, by
 * XOR, over pieces, each times x^8 for every byte that follows it. (The checksum of no bytes is 0: of the inversions
 * before and after, those between two pieces cancel out.) After crc32_combine of zlib, by Mark Adler. In a word, the
 * highest bit is that of x^0.
 */
#include "crc32.h"

static uint32_t times_x(uint32_t a)
{
    return a >> 1 ^ (a & 1 ? UINT32_C(0xedb88320) : 0);
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = UINT32_C(1) << 31; bit != 0; bit >>= 1) {
        product ^= a & bit ? b : 0;
        b = times_x(b);
    }
    return product;
}

void descend_crc32_init(struct descend_crc32 *tables)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; bit++)
            remainder = times_x(remainder);
        tables->remainder[0][byte] = remainder;
    }
    for (int k = 1; k < 8; k++)
        for (int byte = 0; byte < 256; byte++) {
            const uint32_t before = tables->remainder[k - 1][byte];
            tables->remainder[k][byte] = before >> 8 ^ tables->remainder[0][before & 0xff];
        }
    tables->shift[0] = UINT32_C(1) << (31 - 8);
    for (int k = 1; k < 64; k++)
        tables->shift[k] = multiply(tables->shift[k - 1], tables->shift[k - 1]);
}

static uint32_t load_word(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint32_t descend_crc32(const struct descend_crc32 *tables, uint32_t before, const void *data, size_t size)
{
    const uint32_t(*table)[256] = tables->remainder;
    uint32_t remainder = ~before;
    const unsigned char *p = data;
    for (; size >= 8; size -= 8, p += 8) {
        const uint32_t low = remainder ^ load_word(p), high = load_word(p + 4);
        remainder = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
                    table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
                    table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    for (; size > 0; size--, p++)
        remainder = remainder >> 8 ^ table[0][(remainder ^ *p) & 0xff];
    return ~remainder;
}

uint32_t descend_crc32_followed(const struct descend_crc32 *tables, uint32_t piece, uint64_t bytes)
{
    for (int k = 0; bytes != 0; k++, bytes >>= 1)
        if (bytes & 1)
            piece = multiply(tables->shift[k], piece);
    return piece;
}
