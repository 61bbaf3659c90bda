/* SPDX-License-Identifier: MIT */
/* Numbers as text: the same in every locale and rounding mode, and read back exactly. */
#ifndef DESCEND_CHECKPOINT_NUMERALS_H
#define DESCEND_CHECKPOINT_NUMERALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Enough for any of these texts and its final '\0': -0x1.fffffffffffffp+1023 has 24 characters. */
enum { DESCEND_NUMERAL = 25 };

/* Each returns the length. */
size_t descend_uint64_to_text(uint64_t value, char text[DESCEND_NUMERAL]);
/* As printf's %a in the C locale: "0x1.999999999999ap-4", "-0x0p+0", "inf"; every NaN is "nan". */
size_t descend_double_to_text(double value, char text[DESCEND_NUMERAL]);

/* Each returns false and leaves *value unchanged unless the whole text is one number. */
/* Decimal digits without leading zeros. */
bool descend_text_to_uint64(const char *text, size_t size, uint64_t *value);
/* As descend_double_to_text and Python's float.hex() write them: one digit, 0 or 1, and at most 13 after the point. */
bool descend_text_to_double(const char *text, size_t size, double *value);

/* Eight lower-case hexadecimal digits, without a final '\0'. */
enum { DESCEND_HEX_DIGITS = 8 };
void descend_uint32_to_hex(uint32_t word, char digits[DESCEND_HEX_DIGITS]);
bool descend_hex_to_uint32(const char digits[DESCEND_HEX_DIGITS], uint32_t *word);

#endif
