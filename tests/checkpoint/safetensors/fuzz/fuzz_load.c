/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer's program for loading optimizers: files of which header and data are mutated apart, and whose length and
 * checksum are right again afterwards. What is refused has changed nothing; what is loaded can be saved, and is the
 * same when it is loaded again.
 */
#define _GNU_SOURCE /* memfd_create, memmem */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "descend/checkpoint.h"
#include "io/safetensors/crc32.h"
#include "io/safetensors/header.h"
#include "io/safetensors/numerals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

static void require(bool holds)
{
    if (!holds)
        abort(); /* which libFuzzer reports */
}

/* A file in memory, which has a path, too. */
static int memory_file(char path[64], const void *data, size_t size)
{
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    require(file >= 0 && pwrite(file, data, size, 0) == (ssize_t)size);
    snprintf(path, 64, "/proc/self/fd/%d", file);
    return file;
}

/* An optimizer: one tensor of N elements that has taken steps, one that has not, one without elements; two groups. */
enum { TENSORS = 3, N = 5, N_MAX = 8 };
struct trained {
    descend_optimizer *optimizer;
    float param[N_MAX + 1], grad[N_MAX + 1];
    int16_t low[N_MAX + 1];
    descend_scaler scaler;
};

/* One without states, one with a scalar state, one with a state that only an option uses, and that with the smallest
 * storage types. */
struct subject {
    descend_kind kind;
    descend_dtype param, state[DESCEND_STATES];
};
static const struct subject subjects[] = {
    {.kind = DESCEND_SGD},
    {.kind = DESCEND_NADAM},
    {.kind = DESCEND_ADAM},
    {DESCEND_ADAM, DESCEND_BF16_SPLIT, {DESCEND_B8, DESCEND_UB8, DESCEND_BF16}},
};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static void train(struct trained *it, const struct subject *subject, unsigned steps, size_t n)
{
    const descend_config config = descend_config_defaults(subject->kind);
    *it = (struct trained){.scaler = {1024, 2, 0.5, 100, 7}};
    for (size_t i = 0; i <= N_MAX; i++)
        it->param[i] = it->grad[i] = (float)(i + steps);
    descend_tensor tensors[TENSORS] = {
        {.name = "w", .n = n, .param = {it->param, subject->param, it->low}, .grad.data = it->grad},
        {.name = "b", .n = 1, .param = {it->param + N_MAX, subject->param, it->low + N_MAX}},
        {.name = "state.w", .param.dtype = subject->param}};
    for (size_t t = 0; t < TENSORS; t++)
        for (size_t k = 0; k < DESCEND_STATES; k++)
            tensors[t].state[k].dtype = subject->state[k];
    require(descend_optimizer_create(&it->optimizer, &config) == DESCEND_OK &&
            descend_optimizer_group(it->optimizer, &config, NULL) == DESCEND_OK &&
            descend_optimizer_set_seed(it->optimizer, steps) == DESCEND_OK &&
            descend_optimizer_add(it->optimizer, 0, tensors, 1) == DESCEND_OK &&
            descend_optimizer_add(it->optimizer, 1, tensors + 1, TENSORS - 1) == DESCEND_OK);
    for (unsigned i = 0; i < steps; i++)
        require(descend_optimizer_step(it->optimizer, NULL, NULL) == DESCEND_OK);
}

/* All that loading may change, in bytes. */
struct image {
    unsigned char bytes[4096];
    size_t size;
};

static void add(struct image *image, const void *bytes, size_t size)
{
    require(size <= sizeof image->bytes - image->size);
    if (size > 0)
        memcpy(image->bytes + image->size, bytes, size);
    image->size += size;
}

static void add_array(struct image *image, const descend_array *array, size_t n)
{
    size_t data, second;
    descend_array_size(array->dtype, n, &data, &second);
    add(image, array->data, data);
    add(image, array->second, second);
}

static void take(const struct trained *it, struct image *image)
{
    const uint64_t seed = descend_optimizer_seed(it->optimizer);
    image->size = 0;
    add(image, &seed, sizeof seed);
    for (unsigned group = 0; group < descend_optimizer_group_count(it->optimizer); group++) {
        descend_config config;
        require(descend_optimizer_config(it->optimizer, group, &config) == DESCEND_OK);
        const descend_kind kind = config.kind;
        for (size_t i = 0; i < descend_kind_field_count(kind); i++) {
            double value;
            require(descend_config_get(&config, descend_kind_field(kind, i)->name, &value) == DESCEND_OK);
            add(image, &value, sizeof value);
        }
    }
    for (size_t t = 0; t < TENSORS; t++) {
        descend_tensor tensor;
        require(descend_optimizer_tensor(it->optimizer, t, &tensor, NULL) == DESCEND_OK);
        add(image, &tensor.step, sizeof tensor.step);
        add_array(image, &tensor.param, tensor.n);
        for (size_t k = 0; k < DESCEND_STATES; k++) {
            add(image, &(bool){tensor.state[k].data != NULL}, sizeof(bool));
            if (tensor.state[k].data)
                add_array(image, &tensor.state[k], descend_optimizer_state_length(it->optimizer, t, k));
        }
    }
    add(image, &it->scaler, sizeof it->scaler);
}

static bool equal(const struct image *a, const struct image *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* A path where files can be saved without waiting for a disk. */
static const char *save_path(void)
{
    static char path[64];
    if (*path == '\0')
        snprintf(path, sizeof path, "/dev/shm/descend-fuzz.%ld", (long)getpid());
    return path;
}

static void check_saving(const struct trained *it, const descend_checkpoint *with, const struct subject *subject)
{
    struct trained again;
    struct image saved, loaded;
    train(&again, subject, 0, N);
    const descend_checkpoint with_again = {.params = with->params, .scaler = with->scaler ? &again.scaler : NULL};
    if (!with->params) {
        memcpy(again.param, it->param, sizeof again.param);
        memcpy(again.low, it->low, sizeof again.low);
    }
    if (!with->scaler)
        again.scaler = it->scaler;
    require(descend_optimizer_save(it->optimizer, save_path(), with) == DESCEND_OK);
    require(descend_optimizer_load(again.optimizer, save_path(), &with_again) == DESCEND_OK);
    unlink(save_path());
    take(it, &saved);
    take(&again, &loaded);
    require(equal(&saved, &loaded));
    descend_optimizer_destroy(again.optimizer);
}

static void check_loading(const char *path, const struct subject *subject, unsigned steps, bool all)
{
    struct trained it;
    struct image before, after;
    train(&it, subject, steps, N);
    it.scaler.scale = 2; /* not that of a good file */
    const descend_checkpoint with = {.params = all, .scaler = all ? &it.scaler : NULL};
    take(&it, &before);
    const descend_status status = descend_optimizer_load(it.optimizer, path, &with);
    take(&it, &after);
    if (status == DESCEND_OK)
        check_saving(&it, &with, subject);
    else
        require(equal(&before, &after));
    descend_optimizer_destroy(it.optimizer);
}

/* The size of the header, if it is within the file. */
static bool header_size(const uint8_t *data, size_t size, size_t *header)
{
    *header = 0;
    for (size_t i = DESCEND_LENGTH_BYTES; i-- > 0 && size >= DESCEND_LENGTH_BYTES;)
        *header = *header << 8 | data[i];
    return size >= DESCEND_LENGTH_BYTES && *header <= size - DESCEND_LENGTH_BYTES;
}

/* Makes the checksum right, if there is one. */
static void repair(uint8_t *data, size_t size)
{
    static const char key[] = "\"" DESCEND_CHECKSUM_KEY "\":\"";
    struct descend_crc32 tables;
    size_t header;
    uint8_t *at =
        header_size(data, size, &header) ? memmem(data, DESCEND_LENGTH_BYTES + header, key, sizeof key - 1) : NULL;
    if (at == NULL || (size_t)(data + size - at) < sizeof key - 1 + DESCEND_HEX_DIGITS)
        return;
    char *digits = (char *)at + sizeof key - 1;
    memcpy(digits, DESCEND_CHECKSUM_ZEROS, DESCEND_HEX_DIGITS);
    descend_crc32_init(&tables);
    descend_uint32_to_hex(descend_crc32(&tables, 0, data, size), digits);
}

/* A good file to begin with, now and then of a tensor with another shape. */
static size_t fresh(uint8_t *data, size_t max_size, unsigned seed)
{
    struct trained it;
    train(&it, &subjects[seed % SUBJECTS], seed / SUBJECTS % 3, seed % 8 ? N : seed / 8 % (N_MAX + 1));
    const descend_note note = {"seed", "1"};
    const descend_checkpoint with = {.params = seed & 64, .scaler = &it.scaler, .notes = &note, .note_count = 1};
    require(descend_optimizer_save(it.optimizer, save_path(), &with) == DESCEND_OK);
    const int file = open(save_path(), O_RDONLY | O_CLOEXEC);
    const ssize_t size = pread(file, data, max_size, 0);
    require(size > 0);
    close(file);
    unlink(save_path());
    descend_optimizer_destroy(it.optimizer);
    return (size_t)size;
}

/* Mutates what is between two quotation marks, in place, without making it longer or anything but a plain string. */
static void mutate_string(uint8_t *text, size_t size, unsigned seed)
{
    const uint8_t *const begin = size > 0 ? memchr(text + seed % size, '"', size - seed % size) : NULL;
    const uint8_t *const end = begin ? memchr(begin + 1, '"', (size_t)(text + size - begin - 1)) : NULL;
    if (end == NULL || end == begin + 1)
        return;
    const size_t length = (size_t)(end - begin - 1);
    uint8_t *string = text + (begin + 1 - text);
    LLVMFuzzerMutate(string, length, length);
    for (size_t i = 0; i < length; i++)
        if (string[i] < ' ' || string[i] > '~' || string[i] == '"' || string[i] == '\\')
            string[i] = '0';
}

/* Mutates any part of a good file or of the one that is given; header and data keep their places. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    size_t header;
    if (seed % 4 == 0 || !header_size(data, size, &header)) {
        size = fresh(data, max_size, seed / 4);
        require(header_size(data, size, &header));
    }
    uint8_t *const text = data + DESCEND_LENGTH_BYTES;
    const size_t data_size = size - DESCEND_LENGTH_BYTES - header;
    if (seed / 4 % 4 == 0 && data_size > 0) {
        LLVMFuzzerMutate(text + header, data_size, data_size);
    } else if (seed / 4 % 4 == 1) {
        mutate_string(text, header, seed / 16);
    } else if (seed / 4 % 4 == 2) {
        size = DESCEND_LENGTH_BYTES + header;
        size += LLVMFuzzerMutate(text + header, data_size, max_size - size);
    } else {
        uint8_t *const tensors = malloc(data_size + 1);
        require(tensors != NULL);
        memcpy(tensors, text + header, data_size);
        header = LLVMFuzzerMutate(text, header, max_size - DESCEND_LENGTH_BYTES - data_size);
        memcpy(text + header, tensors, data_size);
        free(tensors);
        size = DESCEND_LENGTH_BYTES + header + data_size;
    }
    for (size_t i = 0; i < DESCEND_LENGTH_BYTES; i++)
        data[i] = (uint8_t)((uint64_t)header >> 8 * i);
    repair(data, size);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    const int file = memory_file(path, data, size);
    unsigned variant = 0;
    for (size_t i = 0; i < size; i++)
        variant += data[i];
    for (size_t i = 0; i < SUBJECTS; i++)
        check_loading(path, &subjects[i], variant / 2 % 3, variant % 2);
    close(file);
    return 0;
}
