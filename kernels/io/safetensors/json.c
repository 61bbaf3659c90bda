/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <string.h>

#include "numerals.h"

bool descend_string_is(struct descend_string string, const char *text)
{
    return strlen(text) == string.size && memcmp(text, string.at, string.size) == 0;
}

bool descend_json_fail(struct descend_json *json, descend_status status)
{
    json->status = status;
    return false;
}

static bool at_digit(const struct descend_json *json)
{
    return json->at < json->size && json->text[json->at] >= '0' && json->text[json->at] <= '9';
}

static void skip_space(struct descend_json *json)
{
    while (json->at < json->size && (json->text[json->at] == ' ' || json->text[json->at] == '\t' ||
                                     json->text[json->at] == '\n' || json->text[json->at] == '\r'))
        json->at++;
}

bool descend_json_next(struct descend_json *json, char mark)
{
    skip_space(json);
    if (json->at == json->size || json->text[json->at] != (unsigned char)mark)
        return false;
    json->at++;
    return true;
}

bool descend_json_expect(struct descend_json *json, char mark)
{
    return descend_json_next(json, mark) || descend_json_fail(json, DESCEND_BAD_FILE_JSON);
}

/* Reads the digits behind "\u". */
static bool four_digits(struct descend_json *json, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, json->at++) {
        if (json->at == json->size)
            return false;
        const unsigned char c = json->text[json->at], letter = c | 0x20;
        const bool digit = c >= '0' && c <= '9';
        if (!digit && !(letter >= 'a' && letter <= 'f'))
            return false;
        *unit = *unit << 4 | (uint32_t)(digit ? c - '0' : letter - 'a' + 10);
    }
    return true;
}

static unsigned char *put_utf8(unsigned char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (unsigned char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (unsigned char)(0xc0 | c >> 6);
    } else {
        if (c < 0x10000) {
            *to++ = (unsigned char)(0xe0 | c >> 12);
        } else {
            *to++ = (unsigned char)(0xf0 | c >> 18);
            *to++ = (unsigned char)(0x80 | (c >> 12 & 0x3f));
        }
        *to++ = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (unsigned char)(0x80 | (c & 0x3f));
    return to;
}

/* Reads an escape behind its backslash. */
static bool escape(struct descend_json *json, unsigned char **to)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    if (json->at == json->size)
        return false;
    const char c = (char)json->text[json->at++];
    const char *letter = memchr(letters, c, sizeof letters - 1);
    if (letter != NULL) {
        *(*to)++ = (unsigned char)meanings[letter - letters];
        return true;
    }
    uint32_t unit, low;
    if (c != 'u' || !four_digits(json, &unit))
        return false;
    if (unit >= 0xd800 && unit <= 0xdfff) {
        if (unit >= 0xdc00 || json->size - json->at < 2 || memcmp(json->text + json->at, "\\u", 2) != 0)
            return false;
        json->at += 2;
        if (!four_digits(json, &low) || low < 0xdc00 || low > 0xdfff)
            return false;
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    *to = put_utf8(*to, unit);
    return true;
}

bool descend_json_string(struct descend_json *json, struct descend_string *string)
{
    if (!descend_json_expect(json, '"'))
        return false;
    unsigned char *const start = json->text + json->at, *to = start;
    while (json->at < json->size) {
        const unsigned char c = json->text[json->at++];
        if (c == '"') {
            *string = (struct descend_string){(const char *)start, (size_t)(to - start)};
            return true;
        }
        if (c < 0x20)
            break;
        if (c != '\\')
            *to++ = c;
        else if (!escape(json, &to))
            break;
    }
    return descend_json_fail(json, DESCEND_BAD_FILE_JSON);
}

bool descend_json_integer(struct descend_json *json, uint64_t *value, size_t *digits)
{
    skip_space(json);
    const size_t start = json->at;
    while (at_digit(json))
        json->at++;
    const char *text = (const char *)json->text + start;
    *digits = json->at - start;
    if (*digits == 0 || (*digits > 1 && text[0] == '0'))
        return descend_json_fail(json, DESCEND_BAD_FILE_JSON);
    return descend_text_to_uint64(text, *digits, value) || descend_json_fail(json, DESCEND_BAD_FILE_OVERFLOW);
}
