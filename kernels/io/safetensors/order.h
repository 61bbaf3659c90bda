/* SPDX-License-Identifier: MIT */
/* The order of bytes: files are little-endian, on machines of either order. */
#ifndef DESCEND_CHECKPOINT_ORDER_H
#define DESCEND_CHECKPOINT_ORDER_H

#include <stddef.h>

enum { DESCEND_BIG_ENDIAN = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };

/* Reverses the bytes of each word; size is a multiple of word. */
static inline void descend_reverse_words(unsigned char *bytes, size_t size, size_t word)
{
    for (unsigned char *end = bytes + size; bytes < end; bytes += word)
        for (size_t i = 0; i < word / 2; i++) {
            const unsigned char byte = bytes[i];
            bytes[i] = bytes[word - 1 - i];
            bytes[word - 1 - i] = byte;
        }
}

#endif
