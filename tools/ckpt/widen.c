/* SPDX-License-Identifier: MIT */
#include "widen.h"

#include <stdlib.h>
#include <string.h>

#include "arrays.h"
#include "numerals.h"

/* What is to be written, and the memory that it points to. */
struct wide {
    struct descend_file_tensor *tensors;
    struct descend_file_pair *pairs;
    uint64_t *lengths;
    char *text;
    float *values;
    size_t tensor_count, pair_count, text_size, value_count;
    size_t seconds; /* second parts that have been read */
};

static uint64_t elements(const struct descend_entry *entry)
{
    return entry->size / descend_file_dtype_size(entry->dtype);
}

/* A tensor of 16-bit integers is the second part of an array. */
static bool is_second(const struct descend_entry *entry)
{
    return entry->dtype == FILE_I16;
}

static bool allocate(const struct descend_header *header, struct wide *wide)
{
    size_t text = 1, values = 1;
    for (size_t i = 0; i < header->tensors; i++) {
        const struct descend_entry entry = descend_header_entry(header, i);
        text += entry.name.size + 1;
        values += is_second(&entry) ? 0 : elements(&entry);
    }
    for (size_t i = 0; i < header->pairs; i++) {
        struct descend_string key, value;
        descend_header_pair(header, i, &key, &value);
        text += key.size + value.size + 2;
    }
    wide->tensors = calloc(header->tensors + 1, sizeof *wide->tensors);
    wide->lengths = calloc(header->tensors + 1, sizeof *wide->lengths);
    wide->pairs = calloc(header->pairs + 1, sizeof *wide->pairs);
    wide->text = malloc(text);
    wide->values = calloc(values, sizeof *wide->values);
    return wide->tensors && wide->lengths && wide->pairs && wide->text && wide->values;
}

static void release(const struct wide *wide)
{
    free(wide->tensors);
    free(wide->lengths);
    free(wide->pairs);
    free(wide->text);
    free(wide->values);
}

static const char *append_text(struct wide *wide, struct descend_string string)
{
    char *const text = wide->text + wide->text_size;
    memcpy(text, string.at, string.size);
    text[string.size] = '\0';
    wide->text_size += string.size + 1;
    return text;
}

static void append_metadata(const struct descend_header *header, struct wide *wide)
{
    for (size_t i = 0; i < header->pairs; i++) {
        struct descend_string key, value;
        descend_header_pair(header, i, &key, &value);
        if (descend_string_is(key, DESCEND_CHECKSUM_KEY) ||
            (key.size >= strlen(KEY_STORAGE) && memcmp(key.at, KEY_STORAGE, strlen(KEY_STORAGE)) == 0))
            continue;
        const char *const text = append_text(wide, key);
        wide->pairs[wide->pair_count++] = (struct descend_file_pair){text, append_text(wide, value)};
    }
}

static bool find_dtype(const struct descend_header *header, const char *name, enum descend_file_dtype data,
                       descend_dtype *dtype)
{
    struct descend_string storage;
    const bool found = descend_header_metadata_joined(header, KEY(KEY_STORAGE, name), &storage);
    for (*dtype = DESCEND_F32; *dtype <= DESCEND_UB8; ++*dtype) {
        const struct descend_form form = descend_form_of(*dtype);
        if (form.data == data && descend_form_has_storage(&form, found ? &storage : NULL))
            return true;
    }
    return false;
}

/* Reads a tensor, which must have this dtype and length, into memory that the caller frees. */
static descend_status read_part(struct descend_safetensors *file, const struct descend_entry *entry,
                                enum descend_file_dtype dtype, uint64_t length, void **memory)
{
    if (entry->dtype != dtype)
        return DESCEND_BAD_FILE_TENSOR_DTYPE;
    if (!descend_entry_has_shape(entry, &length, 1))
        return DESCEND_BAD_FILE_TENSOR_SHAPE;
    *memory = malloc(entry->size + 1);
    return *memory ? descend_safetensors_read(file, entry, *memory) : DESCEND_NO_MEMORY;
}

static descend_status read_array(struct descend_safetensors *file, const char *name, const struct descend_entry *data,
                                 struct wide *wide)
{
    const uint64_t n = elements(data);
    struct descend_entry second;
    descend_array array = {.data = NULL};
    if (!find_dtype(&file->header, name, data->dtype, &array.dtype))
        return DESCEND_BAD_FILE_TENSOR_DTYPE;
    const struct descend_form form = descend_form_of(array.dtype);
    descend_status status = read_part(file, data, form.data, n, &array.data);
    if (status == DESCEND_OK && form.second) {
        wide->seconds++;
        status = descend_header_find_joined(&file->header, KEY(name, form.second), &second)
                     ? read_part(file, &second, FILE_I16, descend_form_second(array.dtype, n), &array.second)
                     : DESCEND_BAD_FILE_MISSING;
    }
    if (status == DESCEND_OK)
        status = descend_array_load(&array, n, wide->values + wide->value_count);
    free(array.data);
    free(array.second);
    return status;
}

static descend_status append_arrays(struct descend_safetensors *file, struct wide *wide)
{
    size_t seconds = 0;
    for (size_t i = 0; i < file->header.tensors; i++) {
        const struct descend_entry entry = descend_header_entry(&file->header, i);
        const size_t number = wide->tensor_count;
        seconds += is_second(&entry);
        if (is_second(&entry))
            continue;
        const char *const name = append_text(wide, entry.name);
        const descend_status status = read_array(file, name, &entry, wide);
        if (status != DESCEND_OK)
            return status;
        wide->lengths[number] = elements(&entry);
        wide->tensors[number] = (struct descend_file_tensor){name, FILE_F32, 1, &wide->lengths[number],
                                                             .data = wide->values + wide->value_count};
        wide->value_count += elements(&entry);
        wide->tensor_count++;
    }
    return seconds == wide->seconds ? DESCEND_OK : DESCEND_BAD_FILE_UNKNOWN;
}

descend_status widen(struct descend_safetensors *file, const char *path)
{
    struct descend_string text;
    struct wide wide = {.tensors = NULL};
    uint64_t numerics;
    if (!descend_header_metadata(&file->header, KEY_NUMERICS, &text) ||
        !descend_text_to_uint64(text.at, text.size, &numerics) || numerics < 1 || numerics > DESCEND_NUMERICS_VERSION)
        return DESCEND_BAD_FILE_NUMERICS;
    descend_status status = allocate(&file->header, &wide) ? DESCEND_OK : DESCEND_NO_MEMORY;
    if (status == DESCEND_OK) {
        append_metadata(&file->header, &wide);
        status = append_arrays(file, &wide);
    }
    if (status == DESCEND_OK)
        status = descend_safetensors_check(file);
    if (status == DESCEND_OK)
        status = descend_safetensors_write(path, wide.tensors, wide.tensor_count, wide.pairs, wide.pair_count);
    release(&wide);
    return status;
}
