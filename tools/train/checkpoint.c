/* SPDX-License-Identifier: MIT */
#include "checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "descend/checkpoint.h"
#include "safetensors.h"

enum { NOTES = 10 };

/* Everything that a run's results depend on, except what the optimizer itself stores in a checkpoint. */
struct notes {
    descend_note note[NOTES];
    char text[NOTES][64];
    size_t count;
};

#ifdef __GNUC__
__attribute__((format(printf, 3, 4)))
#endif
static void
add(struct notes *to, const char *key, const char *format, ...)
{
    char *text = to->text[to->count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof *to->text, format, arguments);
    va_end(arguments);
    to->note[to->count++] = (descend_note){key, text};
}

/* With the fewest digits that read back as the same number. */
static void add_number(struct notes *to, const char *key, double number)
{
    char text[32];
    int digits = 1;
    do
        snprintf(text, sizeof text, "%.*g", digits, number);
    while (strtod(text, NULL) != number && ++digits <= 17);
    add(to, key, "%s", text);
}

static void take(struct notes *to, const struct options *options, uint32_t images)
{
    const struct named_config *trained = options->optimizers[0];
    to->count = 0;
    add(to, "optimizer", "%s", trained->name);
    add(to, "seed", "%" PRIu64, options->seed);
    if (options->micro_batches == 1)
        add(to, "batch", "%" PRIu32, options->batch);
    else
        add(to, "batch", "%" PRIu32 " in %" PRIu32 " micro-batches", options->batch, options->micro_batches);
    add(to, "hidden", "%" PRIu32, options->hidden);
    add(to, "number of images", "%" PRIu32, images);
    add_number(to, "lr", options_lr(options, trained));
    if (options->schedule == SCHEDULE_CONSTANT)
        add(to, "schedule", "%s", schedule_names[options->schedule]);
    else /* its rates depend on the total number of steps */
        add(to, "schedule", "%s over %" PRIu32 " epochs", schedule_names[options->schedule], options->epochs);
    add(to, "warmup", "%" PRIu64, options->warmup);
    add_number(to, "clip", options->clip);
    add(to, "storage", "%s", options->storage->name);
}

static void complain_of(const char *path, descend_status status)
{
    if (status == DESCEND_MPI_PEER) /* the other rank complains */
        return;
    const bool system = status == DESCEND_FILE_OPEN || status == DESCEND_FILE_READ || status == DESCEND_FILE_WRITE;
    const char *reason = system ? strerror(errno) : "";
    complain("%s: %s%s%s", path, descend_status_string(status), system ? ": " : "", reason);
}

bool checkpoint_save(const struct options *options, uint32_t images, struct joint *joint)
{
    struct notes taken;
    take(&taken, options, images);
    const descend_checkpoint with = {.params = true, .notes = taken.note, .note_count = taken.count};
    const descend_status status = joint_save(joint, options->save, &with);
    if (status != DESCEND_OK)
        complain_of(options->save, status);
    return status == DESCEND_OK;
}

bool checkpoint_load(const struct options *options, uint32_t images, struct joint *joint)
{
    struct notes expected;
    take(&expected, options, images);
    const descend_checkpoint with = {.params = true, .notes = expected.note, .note_count = expected.count};
    const descend_status status = joint_load(joint, options->resume, &with);
    /* Tries each note alone, to report which one differs. */
    const bool other_note = ranks_agree(status == DESCEND_BAD_FILE_NOTE);
    for (size_t i = 0; other_note && i < expected.count; i++) {
        const descend_note *note = &expected.note[i];
        const descend_checkpoint with_note = {.notes = note, .note_count = 1};
        if (ranks_agree(joint_load(joint, options->resume, &with_note) == DESCEND_BAD_FILE_NOTE)) {
            complain("%s: saved with another %s than %s", options->resume, note->key, note->value);
            return false;
        }
    }
    if (status != DESCEND_OK)
        complain_of(options->resume, status);
    return status == DESCEND_OK;
}

/* Reads one tensor, which may have torch.nn.Linear's shape or be flat. */
static bool read_tensor(const char *path, struct descend_safetensors *file, const descend_tensor *tensor,
                        const uint64_t shape[2], size_t rank)
{
    const uint64_t flat = tensor->n;
    struct descend_entry entry;
    if (!descend_header_find(&file->header, tensor->name, &entry)) {
        complain("%s: there is no tensor %s", path, tensor->name);
        return false;
    }
    if (entry.dtype != FILE_F32) {
        complain("%s: %s is %s, not F32", path, tensor->name, descend_file_dtype_name(entry.dtype));
        return false;
    }
    if (!descend_entry_has_shape(&entry, shape, rank) && !descend_entry_has_shape(&entry, &flat, 1)) {
        complain("%s: %s has the shape [%.*s]; the network's has %" PRIu64 " elements", path, tensor->name,
                 (int)entry.shape.size, entry.shape.at, flat);
        return false;
    }
    const descend_status status = descend_safetensors_read(file, &entry, tensor->param.data);
    if (status != DESCEND_OK)
        complain_of(path, status);
    return status == DESCEND_OK;
}

bool checkpoint_init(const char *path, const struct network *net)
{
    const uint64_t shapes[NETWORK_TENSORS][2] = {
        {net->hidden, net->inputs}, {net->hidden}, {net->outputs, net->hidden}, {net->outputs}};
    descend_tensor tensors[NETWORK_TENSORS];
    struct descend_safetensors file;
    descend_status status = descend_safetensors_open(&file, path);
    if (status != DESCEND_OK) {
        complain_of(path, status);
        return false;
    }
    network_tensors(net, NULL, tensors);
    bool good = true;
    for (size_t i = 0; i < NETWORK_TENSORS && good; i++)
        good = read_tensor(path, &file, &tensors[i], shapes[i], shapes[i][1] > 0 ? 2 : 1);
    if (good && (status = descend_safetensors_check(&file)) != DESCEND_OK) {
        complain_of(path, status);
        good = false;
    }
    descend_safetensors_close(&file);
    return good;
}
