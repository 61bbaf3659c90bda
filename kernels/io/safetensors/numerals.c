/* SPDX-License-Identifier: MIT */
#include "numerals.h"

#include <string.h>

/* binary64 */
enum { FRACTION_BITS = 52, EXPONENT_MASK = 0x7ff, BIAS = 1023 };

static const char digits[] = "0123456789abcdef";

/* The value of a digit, or -1. */
static int digit_value(char c)
{
    const char *digit = memchr(digits, c, sizeof digits - 1);
    return digit == NULL ? -1 : (int)(digit - digits);
}

size_t descend_uint64_to_text(uint64_t value, char text[DESCEND_NUMERAL])
{
    char reversed[DESCEND_NUMERAL];
    size_t size = 0;
    do {
        reversed[size++] = digits[value % 10];
        value /= 10;
    } while (value != 0);
    for (size_t i = 0; i < size; i++)
        text[i] = reversed[size - 1 - i];
    text[size] = '\0';
    return size;
}

bool descend_text_to_uint64(const char *text, size_t size, uint64_t *value)
{
    uint64_t sum = 0;
    if (size == 0 || (text[0] == '0' && size > 1))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        const uint64_t digit = (uint64_t)(text[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

static size_t put_word(char *text, bool negative, const char *name)
{
    size_t size = 0;
    if (negative)
        text[size++] = '-';
    memcpy(text + size, name, strlen(name) + 1);
    return size + strlen(name);
}

size_t descend_double_to_text(double value, char text[DESCEND_NUMERAL])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const bool negative = bits >> 63;
    const int biased = (int)(bits >> FRACTION_BITS & EXPONENT_MASK);
    const uint64_t fraction = bits << (64 - FRACTION_BITS); /* left-aligned */
    if (biased == EXPONENT_MASK)
        return fraction ? put_word(text, false, "nan") : put_word(text, negative, "inf");

    size_t size = put_word(text, negative, biased ? "0x1" : "0x0");
    if (fraction)
        text[size++] = '.';
    for (uint64_t left = fraction; left != 0; left <<= 4)
        text[size++] = digits[left >> 60];
    const int exponent = biased ? biased - BIAS : fraction ? 1 - BIAS : 0;
    text[size++] = 'p';
    text[size++] = exponent < 0 ? '-' : '+';
    return size + descend_uint64_to_text((uint64_t)(exponent < 0 ? -exponent : exponent), text + size);
}

/* The part of a text that is still to be read. */
struct unread {
    const char *at;
    size_t size;
};

/* Skips these characters if they come next; else returns false. */
static bool take(struct unread *unread, const char *wanted)
{
    const size_t size = strlen(wanted);
    if (unread->size < size || memcmp(unread->at, wanted, size) != 0)
        return false;
    unread->at += size;
    unread->size -= size;
    return true;
}

/* Reads the digits after the point into the highest bits of the fraction. */
static bool take_fraction(struct unread *unread, uint64_t *fraction)
{
    int shift = FRACTION_BITS;
    while (unread->size > 0) {
        const int value = digit_value(*unread->at);
        if (value < 0)
            break;
        if (shift == 0)
            return false;
        shift -= 4;
        *fraction |= (uint64_t)value << shift;
        unread->at++;
        unread->size--;
    }
    return shift < FRACTION_BITS;
}

/* Reads the rest of the text as an exponent. */
static bool take_exponent(struct unread *unread, int *exponent)
{
    const bool negative = take(unread, "-");
    uint64_t magnitude;
    if ((!negative && !take(unread, "+")) || !descend_text_to_uint64(unread->at, unread->size, &magnitude) ||
        magnitude > BIAS)
        return false;
    *exponent = negative ? -(int)magnitude : (int)magnitude;
    return true;
}

/* Reads a number without its sign; gives the bits of the double. */
static bool take_magnitude(struct unread *unread, uint64_t *bits)
{
    if (unread->size == 3 && take(unread, "inf")) {
        *bits = (uint64_t)EXPONENT_MASK << FRACTION_BITS;
        return true;
    }
    const bool normal = take(unread, "0x1");
    uint64_t fraction = 0;
    int exponent;
    if ((!normal && !take(unread, "0x0")) || (take(unread, ".") && !take_fraction(unread, &fraction)) ||
        !take(unread, "p") || !take_exponent(unread, &exponent))
        return false;
    if (normal ? exponent <= -BIAS : exponent != (fraction ? 1 - BIAS : 0))
        return false;
    *bits = normal ? (uint64_t)(exponent + BIAS) << FRACTION_BITS | fraction : fraction;
    return true;
}

bool descend_text_to_double(const char *text, size_t size, double *value)
{
    struct unread unread = {text, size};
    uint64_t bits;
    if (size == 3 && take(&unread, "nan")) {
        bits = (uint64_t)EXPONENT_MASK << FRACTION_BITS | UINT64_C(1) << (FRACTION_BITS - 1);
    } else {
        const uint64_t sign = (uint64_t)take(&unread, "-") << 63;
        if (!take_magnitude(&unread, &bits))
            return false;
        bits |= sign;
    }
    memcpy(value, &bits, sizeof bits);
    return true;
}

void descend_uint32_to_hex(uint32_t word, char text[DESCEND_HEX_DIGITS])
{
    for (int i = 0; i < DESCEND_HEX_DIGITS; i++)
        text[i] = digits[word >> (28 - 4 * i) & 0xf];
}

bool descend_hex_to_uint32(const char text[DESCEND_HEX_DIGITS], uint32_t *word)
{
    *word = 0;
    for (int i = 0; i < DESCEND_HEX_DIGITS; i++) {
        const int value = digit_value(text[i]);
        if (value < 0)
            return false;
        *word = *word << 4 | (uint32_t)value;
    }
    return true;
}
