/* SPDX-License-Identifier: MIT */
#include "contents.h"

#include <stdlib.h>
#include <string.h>

#include "arrays.h"
#include "call.h"
#include "numerals.h"

/* The contents, and the text that they point to. The append functions go through everything twice: with NULL arrays
 * they only count, then they fill the arrays. */
struct lists {
    struct descend_file_tensor *tensors;
    struct descend_file_pair *pairs;
    char *text;
    uint64_t *shapes;
    size_t tensor_count, pair_count, text_size;
    bool whole;
};

/* Appends the joined parts, with a final '\0', to the text; returns where they begin. */
static const char *append_text(struct lists *lists, const char *const parts[DESCEND_KEY_PARTS])
{
    char *begin = lists->text ? lists->text + lists->text_size : NULL;
    for (size_t i = 0; i < DESCEND_KEY_PARTS && parts[i]; i++) {
        const size_t size = strlen(parts[i]);
        if (lists->text)
            memcpy(lists->text + lists->text_size, parts[i], size);
        lists->text_size += size;
    }
    if (lists->text)
        lists->text[lists->text_size] = '\0';
    lists->text_size++;
    return begin;
}

static void append_pair(struct lists *lists, const char *const key[DESCEND_KEY_PARTS], const char *value)
{
    const struct descend_file_pair pair = {append_text(lists, key), append_text(lists, KEY(value))};
    if (lists->pairs)
        lists->pairs[lists->pair_count] = pair;
    lists->pair_count++;
}

static void append_number(struct lists *lists, const char *const key[DESCEND_KEY_PARTS], double value)
{
    char numeral[DESCEND_NUMERAL];
    descend_double_to_text(value, numeral);
    append_pair(lists, key, numeral);
}

static void append_count(struct lists *lists, const char *const key[DESCEND_KEY_PARTS], uint64_t value)
{
    char numeral[DESCEND_NUMERAL];
    descend_uint64_to_text(value, numeral);
    append_pair(lists, key, numeral);
}

static void append_tensor(struct lists *lists, const char *const key[DESCEND_KEY_PARTS], enum descend_file_dtype dtype,
                          struct descend_piece piece, const void *data)
{
    const char *name = append_text(lists, key);
    if (lists->tensors) {
        const size_t size = descend_file_dtype_size(dtype);
        uint64_t *shape = &lists->shapes[lists->tensor_count];
        *shape = piece.whole;
        lists->tensors[lists->tensor_count] =
            (struct descend_file_tensor){name, dtype, 1, shape, data, piece.first * size, piece.count * size};
    }
    lists->tensor_count++;
}

static void append_groups(struct lists *lists, const descend_optimizer *optimizer)
{
    const descend_kind kind = descend_optimizer_kind(optimizer);
    for (unsigned group = 0; group < descend_optimizer_group_count(optimizer); group++) {
        char number[DESCEND_NUMERAL];
        descend_config config = {.kind = kind};
        (void)descend_optimizer_config(optimizer, group, &config); /* refuses only other numbers */
        descend_uint64_to_text(group, number);
        for (size_t i = 0; i < descend_kind_field_count(kind); i++) {
            const descend_field *field = descend_kind_field(kind, i);
            double value = 0;
            (void)descend_config_get(&config, field->name, &value); /* refuses only other names */
            if (field->flag)
                append_pair(lists, KEY(KEY_GROUP, number, ".", field->name), value != 0 ? TEXT_TRUE : TEXT_FALSE);
            else
                append_number(lists, KEY(KEY_GROUP, number, ".", field->name), value);
        }
    }
}

/* Refuses a key "state.TENSOR.…" if there is such a tensor, whose name ends at `end`. */
static descend_status refuse_tensor(const descend_optimizer *optimizer, const char *key, size_t end)
{
    const size_t size = end - strlen(KEY_STATE);
    char *name = malloc(size + 1);
    if (name == NULL)
        return DESCEND_NO_MEMORY;
    memcpy(name, key + strlen(KEY_STATE), size);
    name[size] = '\0';
    const bool found = descend_optimizer_find(optimizer, name) < descend_optimizer_tensor_count(optimizer);
    free(name);
    return found ? DESCEND_BAD_FILE_DUPLICATE : DESCEND_OK;
}

/* Refuses a parameter with the name that a state has or may have: a reader could not tell them apart. */
static descend_status check_param_name(const descend_optimizer *optimizer, const char *name)
{
    const descend_kind kind = descend_optimizer_kind(optimizer);
    const size_t prefix = strlen(KEY_STATE), size = strlen(name);
    descend_status status = DESCEND_OK;
    if (strncmp(name, KEY_STATE, prefix) != 0)
        return status;
    for (size_t i = 0; i < descend_kind_state_count(kind) && status == DESCEND_OK; i++) {
        const char *state = descend_kind_state(kind, i)->name;
        const size_t suffix = 1 + strlen(state);
        if (size >= prefix + suffix && name[size - suffix] == '.' && strcmp(name + size - suffix + 1, state) == 0)
            status = refuse_tensor(optimizer, name, size - suffix);
    }
    return status;
}

static descend_status check_param_names(const descend_optimizer *optimizer)
{
    descend_status status = DESCEND_OK;
    for (size_t t = 0; t < descend_optimizer_tensor_count(optimizer) && status == DESCEND_OK; t++)
        status = check_param_name(optimizer, descend_call_tensor(optimizer, t, NULL).name);
    return status;
}

static void append_steps(struct lists *lists, const descend_optimizer *optimizer)
{
    for (size_t t = 0; t < descend_optimizer_tensor_count(optimizer); t++) {
        unsigned group;
        const descend_tensor now = descend_call_tensor(optimizer, t, &group);
        append_count(lists, KEY(KEY_STEP, now.name), now.step);
        append_count(lists, KEY(KEY_GROUP_OF, now.name), group);
    }
}

/* Appends those tensors of an array whose elements have so many bytes. */
static void append_array(struct lists *lists, const descend_optimizer *optimizer, size_t t, size_t array, size_t bytes)
{
    const struct descend_item item = descend_item_of(optimizer, t, array);
    if (item.state && item.array.data == NULL)
        return;
    struct descend_piece piece = lists->whole ? item.piece : (struct descend_piece){0, item.n, item.n};
    if (lists->whole && !item.owned)
        piece.count = 0;
    if (bytes == descend_file_dtype_size(item.form.data)) {
        append_tensor(lists, ITEM_KEY("", &item, ""), item.form.data, piece, item.array.data);
        if (item.form.storage)
            append_pair(lists, ITEM_KEY(KEY_STORAGE, &item, ""), item.form.storage);
    }
    if (item.form.second && bytes == descend_file_dtype_size(FILE_I16))
        append_tensor(lists, ITEM_KEY("", &item, item.form.second), FILE_I16,
                      descend_piece_second(item.array.dtype, piece), item.array.second);
}

/* Larger elements come first: so each tensor begins at a multiple of its elements' size, which readers need that map
 * the file into memory. */
static void append_arrays(struct lists *lists, const descend_optimizer *optimizer, bool params)
{
    const size_t states = descend_kind_state_count(descend_optimizer_kind(optimizer));
    for (size_t bytes = sizeof(float); bytes > 0; bytes /= 2)
        for (size_t t = 0; t < descend_optimizer_tensor_count(optimizer); t++) {
            if (params)
                append_array(lists, optimizer, t, DESCEND_STATES, bytes);
            for (size_t state = 0; state < states; state++)
                append_array(lists, optimizer, t, state, bytes);
        }
}

static void append_scaler(struct lists *lists, const descend_scaler *scaler)
{
    append_number(lists, KEY(KEY_SCALER, "scale"), scaler->scale);
    append_number(lists, KEY(KEY_SCALER, "growth_factor"), scaler->growth_factor);
    append_number(lists, KEY(KEY_SCALER, "backoff_factor"), scaler->backoff_factor);
    append_count(lists, KEY(KEY_SCALER, "growth_interval"), scaler->growth_interval);
    append_count(lists, KEY(KEY_SCALER, "growth_tracker"), scaler->growth_tracker);
}

static void append_contents(struct lists *lists, const descend_optimizer *optimizer,
                            const descend_checkpoint *checkpoint)
{
    lists->tensor_count = lists->pair_count = lists->text_size = 0;
    append_pair(lists, KEY(KEY_VERSION), descend_version_string());
    append_count(lists, KEY(KEY_NUMERICS), DESCEND_NUMERICS_VERSION);
    append_pair(lists, KEY(KEY_OPTIMIZER), descend_kind_name(descend_optimizer_kind(optimizer)));
    append_count(lists, KEY(KEY_SEED), descend_optimizer_seed(optimizer));
    append_count(lists, KEY(KEY_GROUPS), descend_optimizer_group_count(optimizer));
    append_groups(lists, optimizer);
    if (checkpoint->scaler)
        append_scaler(lists, checkpoint->scaler);
    for (size_t i = 0; i < checkpoint->note_count; i++)
        append_pair(lists, KEY(KEY_NOTE, checkpoint->notes[i].key), checkpoint->notes[i].value);
    append_steps(lists, optimizer);
    append_arrays(lists, optimizer, checkpoint->params);
}

/* Allocates one block for all lists, whose lengths are known. */
static void *allocate_lists(struct lists *lists)
{
    const size_t tensor_bytes = lists->tensor_count * sizeof *lists->tensors;
    const size_t shape_bytes = lists->tensor_count * sizeof *lists->shapes;
    const size_t pair_bytes = lists->pair_count * sizeof *lists->pairs;
    char *block = malloc(tensor_bytes + shape_bytes + pair_bytes + lists->text_size);
    if (block != NULL) {
        lists->tensors = (struct descend_file_tensor *)(void *)block;
        lists->shapes = (uint64_t *)(void *)(block + tensor_bytes);
        lists->pairs = (struct descend_file_pair *)(void *)(block + tensor_bytes + shape_bytes);
        lists->text = block + tensor_bytes + shape_bytes + pair_bytes;
    }
    return block;
}

descend_status descend_contents_make(const descend_optimizer *optimizer, const descend_checkpoint *checkpoint,
                                     bool whole, struct descend_contents *contents)
{
    struct lists lists = {.whole = whole};
    descend_status status = DESCEND_OK;
    if (checkpoint->scaler) {
        descend_scaler updated = *checkpoint->scaler;
        status = descend_scaler_update(&updated, false); /* checks the fields: what is saved can be loaded */
    }
    if (status == DESCEND_OK && checkpoint->params)
        status = check_param_names(optimizer);
    if (status != DESCEND_OK)
        return status;
    append_contents(&lists, optimizer, checkpoint);
    void *block = allocate_lists(&lists);
    if (block == NULL)
        return DESCEND_NO_MEMORY;
    append_contents(&lists, optimizer, checkpoint);
    *contents = (struct descend_contents){lists.tensors, lists.pairs, lists.tensor_count, lists.pair_count, block};
    return DESCEND_OK;
}

void descend_contents_free(struct descend_contents *contents)
{
    free(contents->block);
    *contents = (struct descend_contents){.block = NULL};
}
