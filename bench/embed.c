/* SPDX-License-Identifier: MIT */
#include "embed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "descend/config.h"
#include "gbench.h"
#include "machine.h"
#include "pair.h"

enum { ARRAYS = 5, PAGE = 4096, BATCH_ELEMENTS = 1 << 16, ORDINARY_BYTE = 0x3f, STEP = 100 };
enum array { PARAM, GRAD, EXP_AVG, EXP_AVG_SQ, DELTA };

enum way { WAY_DELTA, WAY_ROWS };

struct row {
    enum way way;
    size_t rows, columns, stride;
    unsigned threads;
};

struct run {
    const struct row *row;
    unsigned char *memory;
    float *array[ARRAYS];
    descend_config config;
    descend_status status;
};

/* Arrays at different places of their pages; elements that consist of this byte are near 1. */
static bool arrays_new(struct run *run)
{
    const size_t each = run->row->rows * run->row->stride * sizeof(float) + 2 * PAGE;
    run->memory = aligned_alloc(PAGE, ARRAYS * (each - each % PAGE));
    if (run->memory == NULL)
        return false;
    memset(run->memory, ORDINARY_BYTE, ARRAYS * (each - each % PAGE));
    for (size_t k = 0; k < ARRAYS; k++)
        run->array[k] = (float *)(void *)(run->memory + k * (each - each % PAGE) + k * (PAGE / 8));
    return true;
}

static void note(struct run *run, descend_status status)
{
    if (status != DESCEND_OK)
        run->status = status;
}

/* n elements from element i on. */
static descend_status step(const struct run *run, size_t i, size_t n, unsigned threads)
{
    float *const state[] = {run->array[EXP_AVG] + i, run->array[EXP_AVG_SQ] + i, NULL};
    return descend_step(&run->config, STEP, run->array[PARAM] + i, run->array[GRAD] + i, state, n,
                        &(descend_exec){.threads = threads});
}

static void whole(void *context)
{
    struct run *run = context;
    note(run, step(run, 0, run->row->rows * run->row->columns, run->row->threads));
}

static void delta(void *context)
{
    struct run *run = context;
    float *const state[] = {run->array[EXP_AVG], run->array[EXP_AVG_SQ], NULL};
    note(run, descend_step_delta(&run->config, STEP, run->array[PARAM], run->array[GRAD], state, run->array[DELTA],
                                 run->row->columns, &(descend_exec){.threads = run->row->threads}));
}

static void rows(void *context)
{
    struct run *run = context;
    for (size_t row = 0; row < run->row->rows; row++)
        note(run, step(run, row * run->row->stride, run->row->columns, 1));
}

static void embed(struct gbench_state *state, const void *context)
{
    const struct row *row = context;
    const size_t n = row->rows * row->columns;
    struct run run = {.row = row, .config = descend_config_defaults(DESCEND_ADAM), .status = DESCEND_OK};
    struct pair pair = {0};
    const bool good = arrays_new(&run) && pair_measure(state, n < BATCH_ELEMENTS ? BATCH_ELEMENTS / (int64_t)n : 1,
                                                       (struct pair_work){row->way == WAY_DELTA ? delta : rows, NULL},
                                                       (struct pair_work){whole, NULL}, &run, &pair);
    if (pair_good(state, good, run.status)) {
        gbench_counter(state, "ns/element", 1e9 * pair.seconds / (double)n);
        gbench_counter(state, "of_step", pair.seconds / pair.reference_seconds);
    }
    free(run.memory);
}

static void add(const char *name, const struct row *row)
{
    gbench_register(
        &(struct gbench_benchmark){.name = name, .function = embed, .context = row, .context_size = sizeof *row});
}

void embed_register(void)
{
    static const size_t lengths[] = {1 << 14, 1 << 20, 1 << 24}, columns[] = {16, 64, 256, 1000, 4096};
    const unsigned threads[] = {1, machine_threads()};
    char name[160];
    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++)
        for (size_t t = 0; t < (threads[1] > 1 ? 2 : 1); t++) {
            snprintf(name, sizeof name, "delta/%zu/%u", lengths[n], threads[t]);
            add(name, &(struct row){WAY_DELTA, 1, lengths[n], lengths[n], threads[t]});
        }
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        snprintf(name, sizeof name, "rows/%zu", columns[c]);
        add(name, &(struct row){WAY_ROWS, (1 << 20) / columns[c], columns[c], columns[c] + 24, 1});
    }
}
