/* SPDX-License-Identifier: MIT */
#include "load.h"

#include <errno.h>
#include <string.h>

#include "arrays.h"
#include "call.h"
#include "numerals.h"
#include "safetensors.h"

struct loading {
    const descend_optimizer *optimizer;
    const descend_checkpoint *checkpoint;
    const struct descend_shared_load *shared; /* NULL: this process loads alone */
    bool is_verified;                         /* whether shared->verify has been called */
    struct descend_safetensors file;
    uint64_t numerics; /* the file's */
};

static bool find_text(const struct loading *loading, const char *const key[DESCEND_KEY_PARTS],
                      struct descend_string *text)
{
    return descend_header_metadata_joined(&loading->file.header, key, text);
}

static bool find_count(const struct loading *loading, const char *const key[DESCEND_KEY_PARTS], uint64_t *count)
{
    struct descend_string text;
    return find_text(loading, key, &text) && descend_text_to_uint64(text.at, text.size, count);
}

static bool find_number(const struct loading *loading, const char *const key[DESCEND_KEY_PARTS], double *number)
{
    struct descend_string text;
    return find_text(loading, key, &text) && descend_text_to_double(text.at, text.size, number);
}

static bool find_field(const struct loading *loading, const char *group, const descend_field *field, double *value)
{
    struct descend_string text;
    const char *const *key = KEY(KEY_GROUP, group, ".", field->name);
    if (!field->flag)
        return find_number(loading, key, value);
    if (!find_text(loading, key, &text))
        return false;
    *value = descend_string_is(text, TEXT_TRUE);
    return *value != 0 || descend_string_is(text, TEXT_FALSE);
}

/* False where a field is missing, is no number, or is outside its range. */
static bool find_config(const struct loading *loading, unsigned group, descend_config *config)
{
    const descend_kind kind = descend_optimizer_kind(loading->optimizer);
    char number[DESCEND_NUMERAL];
    descend_uint64_to_text(group, number);
    *config = descend_config_defaults(kind);
    for (size_t i = 0; i < descend_kind_field_count(kind); i++) {
        const descend_field *field = descend_kind_field(kind, i);
        double value;
        if (!find_field(loading, number, field, &value) || descend_config_set(config, field->name, value) != DESCEND_OK)
            return false;
    }
    return true;
}

static bool find_scaler(const struct loading *loading, descend_scaler *scaler)
{
    descend_scaler updated;
    if (!find_number(loading, KEY(KEY_SCALER, "scale"), &scaler->scale) ||
        !find_number(loading, KEY(KEY_SCALER, "growth_factor"), &scaler->growth_factor) ||
        !find_number(loading, KEY(KEY_SCALER, "backoff_factor"), &scaler->backoff_factor) ||
        !find_count(loading, KEY(KEY_SCALER, "growth_interval"), &scaler->growth_interval) ||
        !find_count(loading, KEY(KEY_SCALER, "growth_tracker"), &scaler->growth_tracker))
        return false;
    updated = *scaler;
    return descend_scaler_update(&updated, false) == DESCEND_OK; /* which checks the fields */
}

/* Files of numerics 1 have none: all is float32 in them. */
static bool find_seed(const struct loading *loading, uint64_t *seed)
{
    *seed = 0;
    return loading->numerics == 1 || find_count(loading, KEY(KEY_SEED), seed);
}

static descend_status check_metadata(struct loading *loading)
{
    uint64_t count;
    struct descend_string text;
    descend_config config;
    descend_scaler scaler;
    const unsigned groups = descend_optimizer_group_count(loading->optimizer);
    if (!find_count(loading, KEY(KEY_NUMERICS), &loading->numerics) || loading->numerics < 1 ||
        loading->numerics > DESCEND_NUMERICS_VERSION)
        return DESCEND_BAD_FILE_NUMERICS;
    if (!find_text(loading, KEY(KEY_OPTIMIZER), &text) ||
        !descend_string_is(text, descend_kind_name(descend_optimizer_kind(loading->optimizer))))
        return DESCEND_BAD_FILE_OPTIMIZER;
    if (!find_count(loading, KEY(KEY_GROUPS), &count) || count != groups)
        return DESCEND_BAD_FILE_GROUPS;
    for (unsigned group = 0; group < groups; group++)
        if (!find_config(loading, group, &config))
            return DESCEND_BAD_FILE_METADATA;
    if (!find_seed(loading, &count) || (loading->checkpoint->scaler && !find_scaler(loading, &scaler)))
        return DESCEND_BAD_FILE_METADATA;
    for (size_t i = 0; i < loading->checkpoint->note_count; i++) {
        const descend_note *note = &loading->checkpoint->notes[i];
        if (!find_text(loading, KEY(KEY_NOTE, note->key), &text) || !descend_string_is(text, note->value))
            return DESCEND_BAD_FILE_NOTE;
    }
    return DESCEND_OK;
}

static bool find_data(const struct loading *loading, const struct descend_item *item, struct descend_entry *entry)
{
    return descend_header_find_joined(&loading->file.header, ITEM_KEY("", item, ""), entry);
}

static bool find_second(const struct loading *loading, const struct descend_item *item, struct descend_entry *entry)
{
    return descend_header_find_joined(&loading->file.header, ITEM_KEY("", item, item->form.second), entry);
}

static bool has_storage(const struct loading *loading, const struct descend_item *item)
{
    struct descend_string text;
    const bool found = find_text(loading, ITEM_KEY(KEY_STORAGE, item, ""), &text);
    return descend_form_has_storage(&item->form, found ? &text : NULL);
}

static descend_status check_entry(const struct descend_entry *entry, enum descend_file_dtype dtype, uint64_t n)
{
    if (entry->dtype != dtype)
        return DESCEND_BAD_FILE_TENSOR_DTYPE;
    return descend_entry_has_shape(entry, &n, 1) ? DESCEND_OK : DESCEND_BAD_FILE_TENSOR_SHAPE;
}

/* The elements of an array of the file that are loaded: the piece where the file has the whole tensor's array, else all
 * of it. */
static struct descend_piece piece_in_file(const struct loading *loading, const struct descend_item *item,
                                          const struct descend_entry *data)
{
    const struct descend_piece all = {0, item->n, item->n};
    return loading->shared || descend_entry_has_shape(data, &item->piece.whole, 1) ? item->piece : all;
}

/* What the file has of the optimizer. */
struct found {
    size_t arrays, tensors;
};

/* Checks how an array is stored, if the file has it. */
static descend_status check_array(const struct loading *loading, size_t t, size_t array, struct found *found)
{
    const struct descend_item item = descend_item_of(loading->optimizer, t, array);
    struct descend_entry data, second;
    if (!find_data(loading, &item, &data))
        return DESCEND_OK;
    found->arrays++;
    found->tensors++;
    if (!has_storage(loading, &item))
        return DESCEND_BAD_FILE_TENSOR_DTYPE;
    const struct descend_piece piece = piece_in_file(loading, &item, &data);
    const descend_status status = check_entry(&data, item.form.data, piece.whole);
    if (status != DESCEND_OK || item.form.second == NULL)
        return status;
    if (!find_second(loading, &item, &second))
        return DESCEND_BAD_FILE_MISSING;
    found->tensors++;
    return check_entry(&second, FILE_I16, descend_form_second(item.array.dtype, piece.whole));
}

static descend_status check_states(const struct loading *loading, size_t t, struct found *found)
{
    unsigned group;
    uint64_t count;
    const descend_tensor tensor = descend_call_tensor(loading->optimizer, t, &group);
    descend_status status = DESCEND_OK;
    if (!find_count(loading, KEY(KEY_STEP, tensor.name), &count))
        return DESCEND_BAD_FILE_MISSING;
    if (!find_count(loading, KEY(KEY_GROUP_OF, tensor.name), &count) || count != group)
        return DESCEND_BAD_FILE_GROUPS;
    const descend_kind kind = descend_optimizer_kind(loading->optimizer);
    for (size_t i = 0; i < descend_kind_state_count(kind) && status == DESCEND_OK; i++)
        status = check_array(loading, t, i, found);
    return status;
}

/* Checks that the file has every tensor of the optimizer and no others. Parameters are looked for only where the file
 * has more than states, because a parameter may have the name of a state. */
static descend_status check_tensors(const struct loading *loading)
{
    const size_t count = descend_optimizer_tensor_count(loading->optimizer);
    struct found states = {0}, params = {0};
    size_t steps = 0;
    descend_status status = DESCEND_OK;
    for (size_t t = 0; t < count && status == DESCEND_OK; t++)
        status = check_states(loading, t, &states);
    const bool has_params = states.tensors < loading->file.header.tensors;
    for (size_t t = 0; t < count && status == DESCEND_OK && has_params; t++)
        status = check_array(loading, t, DESCEND_STATES, &params);
    if (status != DESCEND_OK)
        return status;
    for (size_t i = 0; i < loading->file.header.pairs; i++) {
        struct descend_string name, value;
        descend_header_pair(&loading->file.header, i, &name, &value);
        steps += name.size >= strlen(KEY_STEP) && memcmp(name.at, KEY_STEP, strlen(KEY_STEP)) == 0;
    }
    if (states.tensors + params.tensors != loading->file.header.tensors || steps != count)
        return DESCEND_BAD_FILE_UNKNOWN;
    return loading->checkpoint->params && params.arrays < count ? DESCEND_BAD_FILE_MISSING : DESCEND_OK;
}

static descend_config snapshot_config(void *context, unsigned group)
{
    descend_config config;
    (void)find_config(context, group, &config); /* not refused: check_metadata has read the same config */
    return config;
}

/* Not the data, which snapshot_read reads: whether the file has it. */
static descend_array snapshot_array(const struct loading *loading, size_t t, size_t array)
{
    const struct descend_item item = descend_item_of(loading->optimizer, t, array);
    struct descend_entry entry;
    return (descend_array){.data = find_data(loading, &item, &entry) ? loading->file.header.text : NULL,
                           .dtype = item.array.dtype};
}

static descend_tensor snapshot_tensor(void *context, size_t t)
{
    const struct loading *loading = context;
    const descend_tensor now = descend_call_tensor(loading->optimizer, t, NULL);
    descend_tensor snapshot = {0};
    (void)find_count(loading, KEY(KEY_STEP, now.name), &snapshot.step);
    if (loading->checkpoint->params)
        snapshot.param = snapshot_array(loading, t, DESCEND_STATES);
    const descend_kind kind = descend_optimizer_kind(loading->optimizer);
    for (size_t i = 0; i < descend_kind_state_count(kind); i++)
        snapshot.state[i] = snapshot_array(loading, t, i);
    return snapshot;
}

static descend_status read_piece(struct loading *loading, const struct descend_entry *entry, struct descend_piece piece,
                                 void *to)
{
    const size_t size = descend_file_dtype_size(entry->dtype);
    return descend_safetensors_read_part(&loading->file, entry, piece.first * size, piece.count * size, to);
}

static descend_status snapshot_read(void *context, size_t t, size_t state, const descend_array *to)
{
    struct loading *loading = context;
    const struct descend_item item = descend_item_of(loading->optimizer, t, state);
    struct descend_entry entry = {.size = 0};
    (void)find_data(loading, &item, &entry); /* snapshot_array has found it */
    const struct descend_piece piece = piece_in_file(loading, &item, &entry);
    if (loading->shared && !item.owned)
        descend_safetensors_leave(&loading->file, &entry);
    const descend_status status = read_piece(loading, &entry, piece, to->data);
    if (status != DESCEND_OK || item.form.second == NULL)
        return status;
    (void)find_second(loading, &item, &entry); /* check_array has found it */
    return read_piece(loading, &entry, descend_piece_second(item.array.dtype, piece), to->second);
}

/* Leaves an array that is loaded to the processes that have its elements. */
static void leave_array(struct loading *loading, size_t t, size_t array)
{
    const struct descend_item item = descend_item_of(loading->optimizer, t, array);
    struct descend_entry entry;
    if (find_data(loading, &item, &entry))
        descend_safetensors_leave(&loading->file, &entry);
    if (item.form.second && find_second(loading, &item, &entry))
        descend_safetensors_leave(&loading->file, &entry);
}

/* Reads what no process loads. */
static descend_status read_unloaded(struct loading *loading)
{
    const size_t states = descend_kind_state_count(descend_optimizer_kind(loading->optimizer));
    for (size_t t = 0; t < descend_optimizer_tensor_count(loading->optimizer); t++) {
        for (size_t state = 0; state < states; state++)
            leave_array(loading, t, state);
        if (loading->checkpoint->params)
            leave_array(loading, t, DESCEND_STATES);
    }
    return descend_safetensors_read_rest(&loading->file);
}

static descend_status verify_shared(struct loading *loading)
{
    const struct descend_shared_load *shared = loading->shared;
    const descend_status status = shared->first ? read_unloaded(loading) : DESCEND_OK;
    if (status != DESCEND_OK)
        return status;
    const struct descend_counted counted = {.has_checksum = loading->file.header.has_checksum,
                                            .expected = loading->file.header.checksum,
                                            .checksum = loading->file.checksum};
    loading->is_verified = true;
    return shared->verify(shared->context, DESCEND_OK, &counted);
}

static descend_status snapshot_verify(void *context)
{
    struct loading *loading = context;
    return loading->shared ? verify_shared(loading) : descend_safetensors_check(&loading->file);
}

static descend_status restore(struct loading *loading, descend_optimizer *optimizer)
{
    const descend_snapshot snapshot = {snapshot_config, snapshot_tensor, snapshot_read, snapshot_verify, loading};
    const descend_status status = descend_optimizer_restore(optimizer, &snapshot);
    const bool of_file =
        status >= DESCEND_FILE_OPEN || loading->is_verified; /* from snapshot_read or snapshot_verify */
    /* else the optimizer refuses what the file says */
    return status == DESCEND_OK || status == DESCEND_NO_MEMORY || of_file ? status : DESCEND_BAD_FILE_METADATA;
}

static descend_status load(struct loading *loading, descend_optimizer *optimizer)
{
    descend_status status = check_metadata(loading);
    if (status == DESCEND_OK)
        status = check_tensors(loading);
    if (status == DESCEND_OK)
        status = restore(loading, optimizer);
    if (status == DESCEND_OK) {
        uint64_t seed;
        (void)find_seed(loading, &seed); /* not refused: check_metadata has read the same seed */
        status = descend_optimizer_set_seed(optimizer, seed);
    }
    if (status == DESCEND_OK && loading->checkpoint->scaler)
        (void)find_scaler(loading, loading->checkpoint->scaler);
    if (status >= DESCEND_BAD_FILE_SHORT && !loading->shared) { /* where the file is damaged, that is the cause */
        const descend_status sound = descend_safetensors_check(&loading->file);
        status = sound == DESCEND_OK ? status : sound;
    }
    return status;
}

static descend_status open_and_load(struct loading *loading, descend_optimizer *optimizer, const char *path)
{
    descend_status status = descend_checkpoint_check(optimizer, path, loading->checkpoint);
    if (status == DESCEND_OK)
        status = descend_safetensors_open(&loading->file, path);
    if (status != DESCEND_OK)
        return status;
    if (loading->shared)
        descend_safetensors_share(&loading->file, loading->shared->first);
    status = load(loading, optimizer);
    descend_safetensors_close(&loading->file);
    return status;
}

/* The others wait for it. */
static void tell_of_failure(const struct descend_shared_load *shared, descend_status status)
{
    const int error = errno;
    (void)shared->verify(shared->context, status, NULL);
    errno = error;
}

descend_status descend_checkpoint_load(descend_optimizer *optimizer, const char *path,
                                       const descend_checkpoint *checkpoint, const struct descend_shared_load *shared)
{
    static const descend_checkpoint empty;
    struct loading loading = {.optimizer = optimizer, .checkpoint = checkpoint ? checkpoint : &empty, .shared = shared};
    struct descend_call call;
    descend_call_enter(&call);
    const descend_status status = open_and_load(&loading, optimizer, path);
    if (shared && !loading.is_verified)
        tell_of_failure(shared, status);
    descend_call_leave(&call);
    return status;
}

descend_status descend_optimizer_load(descend_optimizer *optimizer, const char *path,
                                      const descend_checkpoint *checkpoint)
{
    return descend_checkpoint_load(optimizer, path, checkpoint, NULL);
}
