/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <stdio.h>
#include <stdlib.h>

#include "converted.h"
#include "descend/optimizer.h"
#include "gbench.h"
#include "machine.h"
#include "pair.h"
#include "traffic.h"

enum { STATES = 2, ARRAYS = 2 + STATES, PARTS = 2 * ARRAYS, PAGE = 4096, PIECE = 4096, BATCH_ELEMENTS = 1 << 16 };

struct layout {
    const char *name;
    descend_dtype param, grad, state[STATES];
};
static const struct layout layouts[] = {
    {"f32", DESCEND_F32, DESCEND_F32, {DESCEND_F32, DESCEND_F32}},
    {"g16", DESCEND_F32, DESCEND_BF16, {DESCEND_F32, DESCEND_F32}},
    {"split", DESCEND_BF16_SPLIT, DESCEND_BF16, {DESCEND_F32, DESCEND_F32}},
    {"split-bf16", DESCEND_BF16_SPLIT, DESCEND_BF16, {DESCEND_BF16, DESCEND_BF16}},
    {"f32-bf16", DESCEND_F32, DESCEND_BF16, {DESCEND_BF16, DESCEND_BF16}},
    {"bf16", DESCEND_BF16, DESCEND_BF16, {DESCEND_BF16, DESCEND_BF16}},
    {"f32-8", DESCEND_F32, DESCEND_BF16, {DESCEND_B8, DESCEND_UB8}},
    {"split-8", DESCEND_BF16_SPLIT, DESCEND_BF16, {DESCEND_B8, DESCEND_UB8}},
    {"bf16-8", DESCEND_BF16, DESCEND_BF16, {DESCEND_B8, DESCEND_UB8}},
};

/* What a step is timed in turn with. */
enum reference { SAME_TRAFFIC, STEP_F32, STEP_CONVERTED };

struct row {
    const struct layout *layout;
    size_t n;
    unsigned threads;
    enum reference reference;
};

/* An optimizer of one tensor, all of whose arrays are given. */
struct object {
    descend_optimizer *optimizer;
    descend_tensor tensor;
    unsigned char *memory;
    struct limit_array part[PARTS]; /* what a step reads and writes */
    size_t parts, bytes;            /* of an element, read and written; without the bases of 8-bit types */
};

struct run {
    const struct row *row;
    struct object object, f32;
    struct converted converted;
    const struct limit_kernels *limit;
    descend_exec exec;
    descend_status status;
};

/* Remembers a call's status if the library refused it, for the report. */
static void note(struct run *run, descend_status status)
{
    if (status != DESCEND_OK)
        run->status = status;
}

/* Takes memory for a part, whose start differs modulo a page from those of the others. */
static void *take(struct object *object, unsigned char **at, size_t n, size_t bytes, bool written)
{
    unsigned char *const part = *at + object->parts * (PAGE / PARTS);
    object->part[object->parts++] = (struct limit_array){part, bytes / n, written};
    object->bytes += (written ? 2 : 1) * (bytes / n);
    *at += (bytes + PAGE - 1) / PAGE * PAGE + PAGE;
    return part;
}

/* An array of ordinary values. */
static descend_array array_new(struct run *run, struct object *object, unsigned char **at, descend_dtype dtype,
                               bool written)
{
    const size_t n = run->row->n;
    size_t data, second, piece_data, piece_second;
    static float values[PIECE];
    for (size_t i = 0; i < PIECE; i++)
        values[i] = 0x1p-10f * (float)(1 + i * 7 % 1021);
    descend_array_size(dtype, n, &data, &second);
    descend_array_size(dtype, PIECE, &piece_data, &piece_second);
    const descend_array array = {.data = take(object, at, n, data, written), .dtype = dtype};
    descend_array piece = array;
    if (dtype == DESCEND_BF16_SPLIT) {
        piece.second = take(object, at, n, second, written);
    } else if (second > 0) {
        piece.second = *at;
        *at += (second + PAGE - 1) / PAGE * PAGE;
    }
    const descend_array whole = {array.data, dtype, piece.second};
    for (size_t i = 0; i < n; i += PIECE) {
        note(run, descend_array_store(&piece, PIECE, values));
        piece.data = (char *)piece.data + piece_data;
        piece.second = piece.second ? (char *)piece.second + piece_second : NULL;
    }
    return whole;
}

static bool object_new(struct run *run, struct object *object, const struct layout *layout)
{
    const descend_config config = descend_config_defaults(DESCEND_ADAMW);
    *object = (struct object){.memory = aligned_alloc(PAGE, ARRAYS * (run->row->n * sizeof(float) + 4 * PAGE))};
    unsigned char *at = object->memory;
    if (at == NULL)
        return false;
    descend_tensor *tensor = &object->tensor;
    *tensor = (descend_tensor){.name = "w", .n = run->row->n};
    tensor->param = array_new(run, object, &at, layout->param, true);
    tensor->grad = array_new(run, object, &at, layout->grad, false);
    for (size_t k = 0; k < STATES; k++)
        tensor->state[k] = array_new(run, object, &at, layout->state[k], true);
    note(run, descend_optimizer_create(&object->optimizer, &config));
    if (run->status == DESCEND_OK)
        note(run, descend_optimizer_add(object->optimizer, 0, tensor, 1));
    return true;
}

static void object_free(struct object *object)
{
    descend_optimizer_destroy(object->optimizer);
    free(object->memory);
}

static void step(void *context)
{
    struct run *run = context;
    note(run, descend_optimizer_step(run->object.optimizer, NULL, &run->exec));
}

static void step_f32(void *context)
{
    struct run *run = context;
    note(run, descend_optimizer_step(run->f32.optimizer, NULL, &run->exec));
}

static void step_converted(void *context)
{
    struct run *run = context;
    note(run, converted_step(&run->converted));
}

static void same_traffic(void *context)
{
    const struct run *run = context;
    const struct row *row = run->row;
    traffic_move(&(struct traffic){run->limit, run->object.part, run->object.parts, row->n, row->threads});
}

static void report(struct gbench_state *state, const struct run *run, const struct pair *pair)
{
    const double elements = (double)run->row->n, bytes = elements * (double)run->object.bytes;
    gbench_counter(state, "bytes/element", (double)run->object.bytes);
    gbench_counter(state, "ns/element", 1e9 * pair->seconds / elements);
    gbench_counter(state, "GB/s", 1e-9 * bytes / pair->seconds);
    if (run->row->reference == SAME_TRAFFIC)
        gbench_counter(state, "of_limit", pair->seconds / pair->reference_seconds);
    else
        gbench_counter(state, "speedup", pair->reference_seconds / pair->seconds);
}

static bool reference_new(struct run *run)
{
    switch (run->row->reference) {
    case STEP_F32:
        return object_new(run, &run->f32, &layouts[0]);
    case STEP_CONVERTED:
        return converted_new(&run->converted, &run->object.tensor);
    case SAME_TRAFFIC:
        break;
    }
    return true;
}

static const struct {
    const char *name;
    pair_function *run;
} references[] = {[SAME_TRAFFIC] = {"", same_traffic},
                  [STEP_F32] = {"-against-f32", step_f32},
                  [STEP_CONVERTED] = {"-against-converted", step_converted}};

static void layout(struct gbench_state *state, const void *context)
{
    const struct row *row = context;
    struct run run = {.row = row, .limit = limit_find(descend_isa_active()), .status = DESCEND_OK};
    struct pair pair = {0};
    run.exec = (descend_exec){.threads = row->threads};
    bool good = object_new(&run, &run.object, row->layout) && reference_new(&run);
    if (good && run.status == DESCEND_OK)
        good = pair_measure(state, row->n < BATCH_ELEMENTS ? BATCH_ELEMENTS / (int64_t)row->n : 1,
                            (struct pair_work){step, NULL}, (struct pair_work){references[row->reference].run, NULL},
                            &run, &pair);
    if (pair_good(state, good, run.status))
        report(state, &run, &pair);
    object_free(&run.object);
    object_free(&run.f32);
    converted_free(&run.converted);
}

static void add(struct row row, enum reference reference)
{
    char name[160];
    row.reference = reference;
    snprintf(name, sizeof name, "object/%s%s/%zu/%u", row.layout->name, references[reference].name, row.n, row.threads);
    gbench_register(
        &(struct gbench_benchmark){.name = name, .function = layout, .context = &row, .context_size = sizeof row});
}

void layout_register(void)
{
    static const size_t lengths[] = {1 << 14, 1 << 20, 1 << 24, 1 << 26}; /* multiples of PIECE */
    const unsigned counts[] = {1, machine_threads()};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++)
            for (size_t t = 0; t < (counts[1] > 1 ? 2 : 1); t++) {
                const struct row row = {.layout = &layouts[i], .n = lengths[n], .threads = counts[t]};
                add(row, SAME_TRAFFIC);
                if (i > 0)
                    add(row, STEP_F32);
                if (i > 0 && row.threads == 1) /* conversions have no threads of their own */
                    add(row, STEP_CONVERTED);
            }
}
