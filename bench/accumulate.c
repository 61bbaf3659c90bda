/* SPDX-License-Identifier: MIT */
#include "accumulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descend/optimizer.h"
#include "gbench.h"
#include "machine.h"
#include "pair.h"
#include "traffic.h"

enum { COUNT_MAX = 8, PAGE = 4096, BATCH_ELEMENTS = 1 << 16, ORDINARY_BYTE = 0x3f };

static const struct type {
    const char *name;
    descend_dtype dtype;
} types[] = {{"f32", DESCEND_F32}, {"bf16", DESCEND_BF16}, {"f16", DESCEND_F16}};

struct row {
    const struct type *type;
    size_t count, n; /* arrays in one call, and elements of each */
    unsigned threads;
};

struct run {
    const struct row *row;
    unsigned char *memory;
    descend_array from[COUNT_MAX];
    struct limit_array part[COUNT_MAX + 1]; /* these and, behind them, their sum */
    const struct limit_kernels *limit;
    descend_status status;
};

static size_t size_of(const struct type *type)
{
    size_t data, second;
    descend_array_size(type->dtype, 1, &data, &second);
    return data;
}

/* The arrays start at different places of their pages. Elements that consist of this byte are near 1 in every type. */
static bool arrays_new(struct run *run)
{
    const struct row *row = run->row;
    const size_t each = row->n * sizeof(float) + PAGE, bytes = (row->count + 1) * each;
    run->memory = aligned_alloc(PAGE, bytes);
    if (run->memory == NULL)
        return false;
    memset(run->memory, ORDINARY_BYTE, bytes);
    for (size_t k = 0; k <= row->count; k++) {
        const bool is_sum = k == row->count;
        run->part[k] = (struct limit_array){.data = run->memory + k * (each + PAGE / (2 * COUNT_MAX)),
                                            .size = is_sum ? sizeof(float) : size_of(row->type),
                                            .written = is_sum};
        if (!is_sum)
            run->from[k] = (descend_array){.data = run->part[k].data, .dtype = row->type->dtype};
    }
    return true;
}

static void add_up(void *context)
{
    struct run *run = context;
    const struct row *row = run->row;
    const descend_exec exec = {.threads = row->threads};
    const descend_status status =
        descend_array_accumulate(run->from, row->count, row->n, run->part[row->count].data, &exec);
    if (status != DESCEND_OK)
        run->status = status;
}

static void same_traffic(void *context)
{
    const struct run *run = context;
    const struct row *row = run->row;
    traffic_move(&(struct traffic){run->limit, run->part, row->count + 1, row->n, row->threads});
}

static void report(struct gbench_state *state, const struct row *row, const struct pair *pair)
{
    const double elements = (double)row->n, bytes = (double)(row->count * size_of(row->type) + 2 * sizeof(float));
    gbench_counter(state, "bytes/element", bytes);
    gbench_counter(state, "ns/element", 1e9 * pair->seconds / elements);
    gbench_counter(state, "GB/s", 1e-9 * bytes * elements / pair->seconds);
    gbench_counter(state, "of_limit", pair->seconds / pair->reference_seconds);
}

static void accumulate(struct gbench_state *state, const void *context)
{
    const struct row *row = context;
    struct run run = {.row = row, .limit = limit_find(descend_isa_active()), .status = DESCEND_OK};
    struct pair pair = {0};
    const bool good =
        arrays_new(&run) &&
        pair_measure(state, row->n < BATCH_ELEMENTS ? BATCH_ELEMENTS / (int64_t)row->n : 1,
                     (struct pair_work){add_up, NULL}, (struct pair_work){same_traffic, NULL}, &run, &pair);
    if (pair_good(state, good, run.status))
        report(state, row, &pair);
    free(run.memory);
}

static void add(const struct row *row)
{
    char name[160];
    snprintf(name, sizeof name, "accumulate/%s/%zu/%zu/%u", row->type->name, row->count, row->n, row->threads);
    gbench_register(
        &(struct gbench_benchmark){.name = name, .function = accumulate, .context = row, .context_size = sizeof *row});
}

void accumulate_register(void)
{
    static const size_t counts[] = {1, COUNT_MAX}, lengths[] = {1 << 14, 1 << 20, 1 << 24};
    const unsigned threads[] = {1, machine_threads()};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
            for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++)
                for (size_t t = 0; t < (threads[1] > 1 ? 2 : 1); t++)
                    add(&(struct row){&types[i], counts[k], lengths[n], threads[t]});
}
