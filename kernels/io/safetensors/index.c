/* SPDX-License-Identifier: MIT */
#include "index.h"

#include <string.h>

#include "numerals.h"

enum { KEY_END = -1, KEY_BYTES = 256 };

/* The byte at this depth of an item's key; KEY_END at its end. */
typedef int key_byte(const struct descend_header *header, uint32_t item, size_t depth);

static struct descend_record record_at(const struct descend_header *header, uint32_t at)
{
    struct descend_record record;
    memcpy(&record, header->text + at, sizeof record);
    return record;
}

static struct descend_string string_at(const struct descend_header *header, size_t at)
{
    size_t size = 0;
    while (header->text[at + size] != DESCEND_STRING_END)
        size++;
    return (struct descend_string){(const char *)header->text + at, size};
}

static int string_byte(const struct descend_header *header, uint32_t string, size_t depth)
{
    const unsigned char byte = header->text[string + depth];
    return byte == DESCEND_STRING_END ? KEY_END : byte;
}

static int name_byte(const struct descend_header *header, uint32_t record, size_t depth)
{
    return string_byte(header, record_at(header, record).name, depth);
}

/* The bytes of begin, then of end, highest first: an empty tensor sorts before one that begins at the same offset. */
static int offset_byte(const struct descend_header *header, uint32_t item, size_t depth)
{
    enum { BYTES = sizeof(uint64_t) };
    if (depth == 2 * BYTES)
        return KEY_END;
    const struct descend_record record = record_at(header, item);
    return (int)((depth < BYTES ? record.begin : record.end) >> 8 * (BYTES - 1 - depth % BYTES) & 0xff);
}

/* Moves the items whose byte is at most `middle` to the front; returns how many there are. */
static size_t partition(const struct descend_header *header, key_byte *byte, uint32_t *items, size_t count,
                        size_t depth, int middle)
{
    size_t low = 0, high = count;
    while (low < high) {
        if (byte(header, items[low], depth) <= middle) {
            low++;
        } else {
            const uint32_t item = items[low];
            items[low] = items[--high];
            items[high] = item;
        }
    }
    return low;
}

/*
 * Sorts items whose keys are equal up to `depth`; returns whether all keys are distinct.
 *
 * It partitions by single bytes, halving their range, rather than comparing whole keys. So each byte of each key is
 * read some twenty times at most, whatever the keys are; a comparison sort can take time quadratic in the header's size
 * where long keys have long common prefixes. It recurses into the smaller part and loops on the larger one, so the
 * recursion is no deeper than the logarithm of the count.
 */
static bool sort(const struct descend_header *header, key_byte *byte, uint32_t *items, size_t count, size_t depth)
{
    bool distinct = true;
    while (count > 1) {
        int least = KEY_BYTES, greatest = KEY_END;
        for (size_t i = 0; i < count; i++) {
            const int found = byte(header, items[i], depth);
            least = found < least ? found : least;
            greatest = found > greatest ? found : greatest;
        }
        if (greatest == KEY_END)
            return false;
        if (least == greatest) {
            depth++;
            continue;
        }
        const size_t low = partition(header, byte, items, count, depth, least + (greatest - least) / 2),
                     high = count - low;
        const bool low_is_smaller = low < high;
        distinct &= sort(header, byte, low_is_smaller ? items : items + low, low_is_smaller ? low : high, depth);
        items += low_is_smaller ? low : 0;
        count = low_is_smaller ? high : low;
    }
    return distinct;
}

/* Whether the tensors, in order, cover the data without holes and overlaps. */
static descend_status check_coverage(const struct descend_header *header, uint64_t data_size)
{
    uint64_t covered = 0;
    for (size_t i = 0; i < header->tensors; i++) {
        const struct descend_record record = record_at(header, header->by_offset[i]);
        if (record.begin != covered)
            return record.begin > covered ? DESCEND_BAD_FILE_HOLE : DESCEND_BAD_FILE_OVERLAP;
        covered = record.end;
    }
    if (covered != data_size)
        return covered > data_size ? DESCEND_BAD_FILE_TRUNCATED : DESCEND_BAD_FILE_TRAILING;
    return DESCEND_OK;
}

descend_status descend_header_build_index(struct descend_header *header, const struct descend_packed *packed)
{
    const size_t aligned = (packed->size + sizeof(uint32_t) - 1) / sizeof(uint32_t) * sizeof(uint32_t);
    uint32_t *const by_offset = (uint32_t *)(void *)(header->text + aligned);
    uint32_t *const by_name = by_offset + header->tensors, *const by_key = by_name + header->tensors;

    uint32_t at = packed->last_record;
    for (size_t i = header->tensors; i-- > 0; at = record_at(header, at).previous)
        by_offset[i] = by_name[i] = at;
    at = packed->metadata;
    for (size_t i = 0; i < header->pairs; i++) {
        by_key[i] = at;
        for (int strings = 0; strings < 2; strings++)
            at += (uint32_t)string_at(header, at).size + 1;
    }
    header->by_offset = by_offset;
    header->by_name = by_name;
    header->by_key = by_key;
    if (!sort(header, name_byte, by_name, header->tensors, 0) || !sort(header, string_byte, by_key, header->pairs, 0))
        return DESCEND_BAD_FILE_DUPLICATE;
    sort(header, offset_byte, by_offset, header->tensors, 0); /* equal keys belong to empty tensors */
    return check_coverage(header, packed->data_size);
}

static struct descend_entry entry_at(const struct descend_header *header, uint32_t at)
{
    const struct descend_record record = record_at(header, at);
    const struct descend_string name = string_at(header, record.name);
    const char *shape = name.at + name.size + 1, *end = (const char *)header->text + at - 1; /* the ']' */
    return (struct descend_entry){.name = name,
                                  .shape = {shape, (size_t)(end - shape)},
                                  .dtype = (enum descend_file_dtype)record.dtype,
                                  .offset = record.begin,
                                  .size = record.end - record.begin,
                                  .is_read = record.is_read,
                                  .record = at};
}

bool descend_header_mark_read(struct descend_header *header, const struct descend_entry *entry)
{
    struct descend_record record = record_at(header, entry->record);
    if (record.is_read)
        return false;
    record.is_read = true;
    memcpy(header->text + entry->record, &record, sizeof record);
    return true;
}

struct descend_entry descend_header_entry(const struct descend_header *header, size_t i)
{
    return entry_at(header, header->by_offset[i]);
}

void descend_header_pair(const struct descend_header *header, size_t i, struct descend_string *key,
                         struct descend_string *value)
{
    *key = string_at(header, header->by_key[i]);
    *value = string_at(header, header->by_key[i] + key->size + 1);
}

/* Compares a key with an item's, in the order of sort(). */
static int compare(const struct descend_header *header, key_byte *byte, const char *const key[DESCEND_KEY_PARTS],
                   uint32_t item)
{
    const char *at = key[0];
    size_t part = 0;
    for (size_t depth = 0;; depth++, at++) {
        while (*at == '\0' && part + 1 < DESCEND_KEY_PARTS && key[part + 1] != NULL)
            at = key[++part];
        const int wanted = *at == '\0' ? KEY_END : (unsigned char)*at;
        const int found = byte(header, item, depth);
        if (wanted != found)
            return wanted < found ? -1 : 1;
        if (wanted == KEY_END)
            return 0;
    }
}

static bool find(const struct descend_header *header, key_byte *byte, const uint32_t *items, size_t count,
                 const char *const key[DESCEND_KEY_PARTS], uint32_t *found)
{
    while (count > 0) {
        const int order = compare(header, byte, key, items[count / 2]);
        if (order == 0) {
            *found = items[count / 2];
            return true;
        }
        items += order < 0 ? 0 : count / 2 + 1;
        count = order < 0 ? count / 2 : count - count / 2 - 1;
    }
    return false;
}

bool descend_header_find_joined(const struct descend_header *header, const char *const name[DESCEND_KEY_PARTS],
                                struct descend_entry *entry)
{
    uint32_t record;
    if (!find(header, name_byte, header->by_name, header->tensors, name, &record))
        return false;
    *entry = entry_at(header, record);
    return true;
}

bool descend_header_find(const struct descend_header *header, const char *name, struct descend_entry *entry)
{
    return descend_header_find_joined(header, (const char *const[DESCEND_KEY_PARTS]){name}, entry);
}

bool descend_header_metadata_joined(const struct descend_header *header, const char *const key[DESCEND_KEY_PARTS],
                                    struct descend_string *value)
{
    uint32_t pair;
    if (!find(header, string_byte, header->by_key, header->pairs, key, &pair))
        return false;
    *value = string_at(header, pair + string_at(header, pair).size + 1);
    return true;
}

bool descend_header_metadata(const struct descend_header *header, const char *key, struct descend_string *value)
{
    return descend_header_metadata_joined(header, (const char *const[DESCEND_KEY_PARTS]){key}, value);
}

bool descend_entry_has_shape(const struct descend_entry *entry, const uint64_t *shape, size_t rank)
{
    size_t at = 0;
    for (size_t i = 0; i < rank; i++) {
        char text[DESCEND_NUMERAL + 1] = ",";
        char *const number = i > 0 ? text + 1 : text;
        const size_t size = descend_uint64_to_text(shape[i], number) + (size_t)(number - text);
        if (size > entry->shape.size - at || memcmp(entry->shape.at + at, text, size) != 0)
            return false;
        at += size;
    }
    return at == entry->shape.size;
}
