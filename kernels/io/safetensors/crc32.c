#include "crc32.h"

void descend_crc32_start(struct descend_crc32 *crc)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t remainder = byte;
        for (int bit = 0; bit < 8; bit++)
            remainder = remainder >> 1 ^ (remainder & 1 ? UINT32_C(0xedb88320) : 0);
        crc->table[0][byte] = remainder;
    }
    for (int k = 1; k < 8; k++)
        for (int byte = 0; byte < 256; byte++) {
            const uint32_t before = crc->table[k - 1][byte];
            crc->table[k][byte] = before >> 8 ^ crc->table[0][before & 0xff];
        }
    crc->remainder = UINT32_MAX;
}

static uint32_t load_word(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void descend_crc32_add(struct descend_crc32 *crc, const void *data, size_t size)
{
    const uint32_t(*table)[256] = (const uint32_t(*)[256])crc->table;
    uint32_t remainder = crc->remainder;
    const unsigned char *p = data;
    for (; size >= 8; size -= 8, p += 8) {
        const uint32_t low = remainder ^ load_word(p), high = load_word(p + 4);
        remainder = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
                    table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
                    table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
    }
    for (; size > 0; size--, p++)
        remainder = remainder >> 8 ^ table[0][(remainder ^ *p) & 0xff];
    crc->remainder = remainder;
}

uint32_t descend_crc32_value(const struct descend_crc32 *crc)
{
    return ~crc->remainder;
}
