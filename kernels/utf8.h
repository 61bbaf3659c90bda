/* SPDX-License-Identifier: MIT */
/* Checks that text is valid UTF-8, as names in checkpoints must be. */
#ifndef DESCEND_UTF8_H
#define DESCEND_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the character that begins with this byte, 0 if none does, and the range of its second byte (Unicode 15,
 * table 3-7). */
static inline size_t utf8_length(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static inline bool utf8_valid(const void *text_, size_t size)
{
    const unsigned char *text = text_;
    for (size_t at = 0, length; at < size; at += length) {
        unsigned char low, high;
        length = utf8_length(text[at], &low, &high);
        if (length == 0 || length > size - at)
            return false;
        for (size_t i = 1; i < length; i++, low = 0x80, high = 0xbf)
            if (text[at + i] < low || text[at + i] > high)
                return false;
    }
    return true;
}

#endif
