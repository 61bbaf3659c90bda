/* SPDX-License-Identifier: MIT */
#include "shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/equal.h"
#include "compose.h"
#include "contents.h"
#include "crc32.h"
#include "data.h"
#include "numerals.h"
#include "order.h"
#include "storage.h"
#include "test.h"

enum { BLOCK = 4096 };

static const struct {
    const char *name;
    size_t n;
} shapes[SHARD_TENSORS] = {{"w", 20000}, {"empty", 0}, {"v", 3 * BLOCK}, {"b", 5}, {"u", 9001}};

const struct shard_layout shard_layouts[SHARD_LAYOUTS] = {
    {DESCEND_ADAMW, DESCEND_F32, DESCEND_F32, false},
    {DESCEND_NADAM, DESCEND_F32, DESCEND_BF16, true},
    {DESCEND_ADAMW, DESCEND_BF16_SPLIT, DESCEND_BF16, true},
    {DESCEND_ADEMAMIX, DESCEND_BF16, DESCEND_F32, true},
};

static size_t blocks_of(size_t tensor)
{
    return (shapes[tensor].n + BLOCK - 1) / BLOCK;
}

/* Where shard `number` of `count` begins in a tensor: the blocks of all tensors are cut into equal parts. */
static size_t begin_of(size_t tensor, unsigned number, unsigned count)
{
    size_t all = 0, before = 0;
    for (size_t t = 0; t < SHARD_TENSORS; t++) {
        before += t < tensor ? blocks_of(t) : 0;
        all += blocks_of(t);
    }
    const size_t block = all * number / count;
    const size_t begin = block > before ? (block - before) * BLOCK : 0;
    return begin < shapes[tensor].n ? begin : shapes[tensor].n;
}

/* The same array from an element on, at which one of its blocks begins. */
static descend_array part_of(descend_array array, uint64_t begin)
{
    size_t data, second;
    descend_array_size(array.dtype, (size_t)begin, &data, &second);
    array.data = (unsigned char *)array.data + data;
    array.second = array.second ? (unsigned char *)array.second + second : NULL;
    return array;
}

static descend_array random_array(descend_dtype dtype, size_t n, uint64_t seed)
{
    const descend_array array = stored_new(dtype, n);
    float *values = calloc(n + 1, sizeof *values);
    assert_non_null(values);
    fill(values, n, ORDINARY, seed);
    stored_put(&array, n, values, NULL);
    free(values);
    return array;
}

static void shard_create(struct shard *shard, const struct shard_layout *layout)
{
    const descend_config config = descend_config_defaults(layout->kind);
    assert_int_equal(descend_optimizer_create(&shard->optimizer, &config), DESCEND_OK);
    assert_int_equal(descend_optimizer_set_seed(shard->optimizer, 2026), DESCEND_OK);
}

/* Adds n elements of a tensor. */
static void shard_add(struct shard *shard, const struct shard_layout *layout, size_t t, descend_tensor tensor,
                      uint64_t seed)
{
    shard->param[t] = random_array(layout->param, tensor.n, seed);
    tensor.name = shapes[t].name;
    tensor.param = shard->param[t];
    for (size_t k = 0; k < descend_kind_state_count(layout->kind) && layout->small_states; k++)
        tensor.state[k].dtype = descend_kind_state(layout->kind, k)->smallest;
    assert_int_equal(descend_optimizer_add(shard->optimizer, 0, &tensor, 1), DESCEND_OK);
}

static void shard_free(struct shard *shard)
{
    descend_optimizer_destroy(shard->optimizer);
    for (size_t t = 0; t < SHARD_TENSORS; t++)
        stored_free(&shard->param[t]);
}

void shards_make(struct shards *shards, const struct shard_layout *layout, unsigned count)
{
    *shards = (struct shards){.layout = layout, .count = count};
    shard_create(&shards->whole, layout);
    for (unsigned i = 0; i < count; i++)
        shard_create(&shards->shard[i], layout);
    for (size_t t = 0; t < SHARD_TENSORS; t++) {
        const size_t n = shapes[t].n;
        shards->grad[t] = stored_new(layout->grad, n);
        shard_add(&shards->whole, layout, t, (descend_tensor){.n = n, .grad = shards->grad[t]}, t);
        for (unsigned i = 0; i < count; i++) {
            const size_t end = begin_of(t, i + 1, count), begin = begin_of(t, i, count);
            const size_t first = begin < end ? begin : 0;
            const descend_tensor piece = {
                .n = end - begin, .first = first, .whole = n, .grad = part_of(shards->grad[t], first)};
            shard_add(&shards->shard[i], layout, t, piece, 100 * (i + 1) + t);
        }
    }
}

void shards_free(struct shards *shards)
{
    shard_free(&shards->whole);
    for (unsigned i = 0; i < shards->count; i++)
        shard_free(&shards->shard[i]);
    for (size_t t = 0; t < SHARD_TENSORS; t++)
        stored_free(&shards->grad[t]);
}

static const unsigned counts[] = {1, 2, 3, SHARDS_MAX};

void shards_for_each_cut(void (*check)(struct shards *shards, const char *what))
{
    for (size_t layout = 0; layout < SHARD_LAYOUTS; layout++)
        for (size_t i = 0; i < COUNT(counts); i++) {
            struct shards shards;
            char what[64];
            snprintf(what, sizeof what, "layout %zu in %u", layout, counts[i]);
            shards_make(&shards, &shard_layouts[layout], counts[i]);
            check(&shards, what);
            shards_free(&shards);
        }
}

static void step(struct shards *shards, struct shard *of, unsigned of_count, unsigned first, unsigned last)
{
    for (unsigned number = first; number < last; number++) {
        for (size_t t = 0; t < SHARD_TENSORS; t++) {
            descend_array gradient = random_array(shards->grad[t].dtype, shapes[t].n, 1000 * (number + 1) + t);
            stored_copy(&shards->grad[t], &gradient, shapes[t].n);
            stored_free(&gradient);
        }
        for (unsigned i = 0; i < of_count; i++)
            assert_int_equal(descend_optimizer_step(of[i].optimizer, NULL, NULL), DESCEND_OK);
    }
}

void step_whole(struct shards *shards, unsigned first, unsigned last)
{
    step(shards, &shards->whole, 1, first, last);
}

void step_shards(struct shards *shards, unsigned first, unsigned last)
{
    step(shards, shards->shard, shards->count, first, last);
}

static bool equal_bytes(descend_array a, descend_array b, size_t n)
{
    size_t data, second;
    descend_array_size(a.dtype, n, &data, &second);
    const bool same_data = memcmp(a.data, b.data, data) == 0;
    return same_data && (second == 0 || (a.second && b.second && memcmp(a.second, b.second, second) == 0));
}

/* The first array of a piece that is not that of the whole: its state, "param" or "step"; NULL where there is none. */
static const char *difference(const struct shards *shards, unsigned number, size_t t)
{
    const descend_kind kind = descend_optimizer_kind(shards->whole.optimizer);
    descend_tensor whole, piece;
    assert_int_equal(descend_optimizer_tensor(shards->whole.optimizer, t, &whole, NULL), DESCEND_OK);
    assert_int_equal(descend_optimizer_tensor(shards->shard[number].optimizer, t, &piece, NULL), DESCEND_OK);
    if (whole.step != piece.step)
        return "step";
    if (piece.n > 0 && !equal_bytes(piece.param, part_of(whole.param, piece.first), piece.n))
        return "param";
    for (size_t k = 0; k < descend_kind_state_count(kind); k++) {
        const descend_state *state = descend_kind_state(kind, k);
        if (!piece.state[k].data != !whole.state[k].data)
            return state->name;
        if (piece.n > 0 && piece.state[k].data &&
            !equal_bytes(piece.state[k], part_of(whole.state[k], state->scalar ? 0 : piece.first),
                         state->scalar ? 1 : piece.n))
            return state->name;
    }
    return NULL;
}

void assert_pieces(const struct shards *shards, const char *what)
{
    for (unsigned i = 0; i < shards->count; i++)
        for (size_t t = 0; t < SHARD_TENSORS; t++) {
            const char *different = difference(shards, i, t);
            if (different)
                fail_msg("%s: %s of %s in shard %u of %u differs", what, different, shapes[t].name, i, shards->count);
        }
}

void assert_as_made(const struct shards *shards, const char *what)
{
    struct shards made;
    shards_make(&made, shards->layout, shards->count);
    for (unsigned i = 0; i < shards->count; i++)
        assert_equal_optimizers(made.shard[i].optimizer, shards->shard[i].optimizer, "%s, shard %u", what, i);
    shards_free(&made);
}

struct bytes saved_by_whole(const struct shards *shards, const descend_checkpoint *with)
{
    assert_int_equal(descend_optimizer_save(shards->whole.optimizer, FILE_PATH, with), DESCEND_OK);
    return read_bytes(FILE_PATH);
}

/* A file that is being written in memory, and as much of it as the shards so far had. */
struct together {
    struct bytes file;
    struct descend_crc32 tables;
    uint32_t checksum;
    uint64_t written;
};

/* What is at this place is the shard's to write. */
static void count_written(struct together *to, size_t at, size_t size)
{
    const uint32_t crc = descend_crc32(&to->tables, 0, to->file.data + at, size);
    to->checksum ^= descend_crc32_followed(&to->tables, crc, to->file.size - at - size);
    to->written += size;
}

static void write_parts(struct together *to, const struct descend_contents *contents, size_t at)
{
    for (size_t i = 0; i < contents->tensor_count; i++) {
        const struct descend_file_tensor *tensor = &contents->tensors[i];
        const size_t begin = at + (size_t)tensor->part_begin, size = (size_t)tensor->part_size;
        at += (size_t)descend_file_tensor_size(tensor);
        assert_true(begin + size <= at);
        if (size == 0)
            continue;
        memcpy(to->file.data + begin, tensor->data, size);
        if (DESCEND_BIG_ENDIAN)
            descend_reverse_words(to->file.data + begin, size, descend_file_dtype_word(tensor->dtype));
        count_written(to, begin, size);
    }
}

static void write_header(struct together *to, const struct descend_composed *header)
{
    to->file.size = header->size + (size_t)header->data_size;
    to->file.data = calloc(to->file.size, 1);
    assert_non_null(to->file.data);
    memcpy(to->file.data, header->text, header->size);
    count_written(to, 0, header->size);
}

struct bytes written_together(const struct shards *shards, const descend_checkpoint *with)
{
    struct together to = {.checksum = 0};
    size_t checksum_at = 0;
    descend_crc32_init(&to.tables);
    for (unsigned i = 0; i < shards->count; i++) {
        struct descend_contents contents;
        struct descend_composed header;
        assert_int_equal(descend_contents_make(shards->shard[i].optimizer, with, true, &contents), DESCEND_OK);
        assert_int_equal(descend_header_compose(&header, contents.tensors, contents.tensor_count, contents.pairs,
                                                contents.pair_count),
                         DESCEND_OK);
        if (i == 0)
            write_header(&to, &header);
        assert_int_equal(header.size + header.data_size, to.file.size);
        assert_memory_equal(header.text, to.file.data, header.size);
        write_parts(&to, &contents, header.size);
        checksum_at = header.checksum_at;
        descend_composed_free(&header);
        descend_contents_free(&contents);
    }
    assert_int_equal(to.written, to.file.size);
    descend_uint32_to_hex(to.checksum, (char *)to.file.data + checksum_at);
    return to.file;
}

void assert_same_file(struct bytes a, struct bytes b)
{
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
}

void write_damaged(struct bytes good, size_t damage)
{
    const size_t begin = data_at(good), at = begin + (good.size - begin) * damage / DAMAGES + 1;
    good.data[at] ^= 4;
    write_bytes(FILE_PATH, good);
    good.data[at] ^= 4;
}
