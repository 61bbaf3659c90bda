/* SPDX-License-Identifier: MIT */
/* A strict reader for the part of JSON that safetensors headers use. The caller asks for what has to come next;
 * anything else is an error, trailing commas and comments included. */
#ifndef DESCEND_CHECKPOINT_JSON_H
#define DESCEND_CHECKPOINT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/descend.h"

/* A string without a terminator, because a JSON string may contain '\0'. */
struct descend_string {
    const char *at;
    size_t size;
};

bool descend_string_is(struct descend_string string, const char *text);

struct descend_json {
    unsigned char *text; /* valid UTF-8; strings are decoded in place */
    size_t size, at;
    descend_status status; /* the reason of the first function that returned false */
};

/* Skips white space; takes this punctuation mark if it comes next, else returns false. */
bool descend_json_next(struct descend_json *json, char mark);
/* The same; fails with DESCEND_BAD_FILE_JSON where something else comes. */
bool descend_json_expect(struct descend_json *json, char mark);

/* Reads a string and decodes it in place, where it never becomes longer. All escapes; surrogates only in pairs. */
bool descend_json_string(struct descend_json *json, struct descend_string *string);

/* Reads an integer of 0 … 2^64 - 1, else fails with DESCEND_BAD_FILE_OVERFLOW. Its digits end at json->at. */
bool descend_json_integer(struct descend_json *json, uint64_t *value, size_t *digits);

/* Sets the status; returns false. */
bool descend_json_fail(struct descend_json *json, descend_status status);

#endif
