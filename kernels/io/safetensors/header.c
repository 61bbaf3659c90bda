/* SPDX-License-Identifier: MIT */
/*
 * While it is read, the header's JSON is packed towards the beginning of its own memory: strings and records first,
 * then the tables of index.c. There is always room for them. In bytes, where decoding a string never makes it longer:
 *
 *   a tensor  ,"":{"dtype":"U8","shape":[],"data_offsets":[0,0]}   50 + name + dimensions with their commas, at least
 *   packed    the name and its end, dimensions and ']', a record   34 + name + dimensions
 *   tables    by_offset, by_name                                    8
 *   a pair    ,"":""                                                6 + key + value, at least
 *   packed    each with its end                                     2 + key + value
 *   table     by_key                                                4
 *
 * The first tensor or pair has '{' in place of the comma. A tensor leaves 8 bytes over, the key __metadata__ 17: enough
 * to align the tables. Nor is text overwritten before it is read: each string that is packed was in quotes, and each
 * dimension was followed by a comma or bracket.
 */
#include "header.h"

#include <assert.h>
#include <string.h>

#include "index.h"
#include "numerals.h"
#include "utf8.h"

static const struct {
    char name[8];
    unsigned char size;
} dtypes[FILE_DTYPES] = {
    [FILE_BOOL] = {"BOOL", 1},       [FILE_U8] = {"U8", 1},           [FILE_I8] = {"I8", 1},
    [FILE_F8_E5M2] = {"F8_E5M2", 1}, [FILE_F8_E4M3] = {"F8_E4M3", 1}, [FILE_F8_E8M0] = {"F8_E8M0", 1},
    [FILE_U16] = {"U16", 2},         [FILE_I16] = {"I16", 2},         [FILE_F16] = {"F16", 2},
    [FILE_BF16] = {"BF16", 2},       [FILE_U32] = {"U32", 4},         [FILE_I32] = {"I32", 4},
    [FILE_F32] = {"F32", 4},         [FILE_U64] = {"U64", 8},         [FILE_I64] = {"I64", 8},
    [FILE_F64] = {"F64", 8},         [FILE_C64] = {"C64", 8},
};
static_assert(sizeof(struct descend_record) <= 32, "of the 34 bytes above");

const char *descend_file_dtype_name(enum descend_file_dtype dtype)
{
    return dtypes[dtype].name;
}

size_t descend_file_dtype_size(enum descend_file_dtype dtype)
{
    return dtypes[dtype].size;
}

size_t descend_file_dtype_word(enum descend_file_dtype dtype)
{
    return dtype == FILE_C64 ? dtypes[FILE_F32].size : dtypes[dtype].size;
}

/* The state of reading a header. */
struct reading {
    struct descend_json json;
    struct descend_header *header;
    struct descend_packed packed;
    bool has_metadata;
    /* of the tensor that is being read */
    bool has_dtype, has_shape, has_offsets;
    struct descend_record record;
    uint64_t elements;
};

static bool fail(struct reading *reading, descend_status status)
{
    return descend_json_fail(&reading->json, status);
}

static void pack(struct reading *reading, const void *bytes, size_t size)
{
    memmove(reading->json.text + reading->packed.size, bytes, size);
    reading->packed.size += size;
}

static void pack_string(struct reading *reading, struct descend_string string)
{
    static const unsigned char end = DESCEND_STRING_END;
    pack(reading, string.at, string.size);
    pack(reading, &end, 1);
}

/* Reads a JSON object; member() reads the value of each key. */
static bool read_object(struct reading *reading, bool (*member)(struct reading *, struct descend_string key))
{
    struct descend_json *json = &reading->json;
    if (!descend_json_expect(json, '{'))
        return false;
    if (descend_json_next(json, '}'))
        return true;
    do {
        struct descend_string key;
        if (!descend_json_string(json, &key) || !descend_json_expect(json, ':') || !member(reading, key))
            return false;
    } while (descend_json_next(json, ','));
    return descend_json_expect(json, '}');
}

/* The checksum: eight lower-case digits without escapes, so that their place in the file is known. */
static bool read_checksum(struct reading *reading, struct descend_string value)
{
    struct descend_header *header = reading->header;
    header->has_checksum = true;
    header->checksum_at = (size_t)((const unsigned char *)value.at - reading->json.text);
    const bool unescaped = reading->json.at == header->checksum_at + DESCEND_HEX_DIGITS + 1;
    return (value.size == DESCEND_HEX_DIGITS && unescaped && descend_hex_to_uint32(value.at, &header->checksum)) ||
           fail(reading, DESCEND_BAD_FILE_CHECKSUM);
}

static bool read_pair(struct reading *reading, struct descend_string key)
{
    const bool is_checksum = descend_string_is(key, DESCEND_CHECKSUM_KEY);
    pack_string(reading, key);
    struct descend_string value;
    if (!descend_json_string(&reading->json, &value) || (is_checksum && !read_checksum(reading, value)))
        return false;
    pack_string(reading, value);
    reading->header->pairs++;
    return true;
}

static bool read_dtype(struct reading *reading)
{
    struct descend_string name;
    if (!descend_json_string(&reading->json, &name))
        return false;
    /* From the last one down: a wrong bound then fails a test instead of reading past the table unnoticed. */
    uint32_t dtype = FILE_DTYPES;
    while (dtype-- > 0)
        if (descend_string_is(name, dtypes[dtype].name)) {
            reading->record.dtype = dtype;
            return true;
        }
    return fail(reading, DESCEND_BAD_FILE_DTYPE);
}

static bool read_shape(struct reading *reading)
{
    struct descend_json *json = &reading->json;
    reading->elements = 1;
    if (!descend_json_expect(json, '['))
        return false;
    if (!descend_json_next(json, ']'))
        for (bool more = true; more;) {
            uint64_t dimension;
            size_t digits;
            if (!descend_json_integer(json, &dimension, &digits))
                return false;
            pack(reading, json->text + json->at - digits, digits);
            if (dimension > 0 && reading->elements > UINT64_MAX / dimension)
                return fail(reading, DESCEND_BAD_FILE_OVERFLOW);
            reading->elements *= dimension;
            more = descend_json_next(json, ',');
            if (more)
                pack(reading, ",", 1);
            else if (!descend_json_expect(json, ']'))
                return false;
        }
    pack(reading, "]", 1);
    return true;
}

static bool read_offsets(struct reading *reading)
{
    struct descend_json *json = &reading->json;
    size_t digits;
    return descend_json_expect(json, '[') && descend_json_integer(json, &reading->record.begin, &digits) &&
           descend_json_expect(json, ',') && descend_json_integer(json, &reading->record.end, &digits) &&
           descend_json_expect(json, ']');
}

static bool read_field(struct reading *reading, struct descend_string key)
{
    const struct {
        const char *key;
        bool *seen;
        bool (*read)(struct reading *);
    } fields[] = {{"dtype", &reading->has_dtype, read_dtype},
                  {"shape", &reading->has_shape, read_shape},
                  {"data_offsets", &reading->has_offsets, read_offsets}};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (descend_string_is(key, fields[i].key)) {
            if (*fields[i].seen)
                return fail(reading, DESCEND_BAD_FILE_DUPLICATE);
            *fields[i].seen = true;
            return fields[i].read(reading);
        }
    return fail(reading, DESCEND_BAD_FILE_FIELDS);
}

static bool read_tensor(struct reading *reading, struct descend_string name)
{
    struct descend_record *record = &reading->record;
    *record = (struct descend_record){.name = (uint32_t)reading->packed.size, .previous = reading->packed.last_record};
    reading->has_dtype = reading->has_shape = reading->has_offsets = false;
    pack_string(reading, name);
    if (!read_object(reading, read_field))
        return false;
    if (!reading->has_dtype || !reading->has_shape || !reading->has_offsets)
        return fail(reading, DESCEND_BAD_FILE_FIELDS);
    const size_t size = dtypes[record->dtype].size;
    if (reading->elements > UINT64_MAX / size)
        return fail(reading, DESCEND_BAD_FILE_OVERFLOW);
    if (record->end < record->begin || record->end - record->begin != reading->elements * size)
        return fail(reading, DESCEND_BAD_FILE_TENSOR_SIZE);
    reading->packed.last_record = (uint32_t)reading->packed.size;
    pack(reading, record, sizeof *record);
    reading->header->tensors++;
    return true;
}

static bool read_member(struct reading *reading, struct descend_string key)
{
    if (!descend_string_is(key, DESCEND_METADATA_KEY))
        return read_tensor(reading, key);
    if (reading->has_metadata)
        return fail(reading, DESCEND_BAD_FILE_DUPLICATE);
    reading->has_metadata = true;
    reading->packed.metadata = (uint32_t)reading->packed.size;
    return read_object(reading, read_pair);
}

descend_status descend_header_index(struct descend_header *header, unsigned char *text, size_t size, uint64_t data_size)
{
    *header = (struct descend_header){.text = text};
    if (size == 0 || text[0] != '{')
        return DESCEND_BAD_FILE_JSON;
    if (!utf8_valid(text, size))
        return DESCEND_BAD_FILE_UTF8;
    struct reading reading = {
        .json = {.text = text, .size = size}, .header = header, .packed = {.data_size = data_size}};
    if (!read_object(&reading, read_member))
        return reading.json.status;
    while (reading.json.at < size && text[reading.json.at] == ' ')
        reading.json.at++;
    if (reading.json.at < size)
        return DESCEND_BAD_FILE_JSON;
    return descend_header_build_index(header, &reading.packed);
}
