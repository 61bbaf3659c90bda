/* SPDX-License-Identifier: MIT */
#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "descend/optimizer.h"
#include "descend/scaler.h"
#include "gbench.h"
#include "machine.h"
#include "pair.h"
#include "separate.h"

enum { PAGE = 4096, LINE = 64, NAME_SIZE = 24, FIRST_STEPS = 3, IN_DRAM = 1 << 24, STEP = 100003 };

/* Tensors, each with arrays of its own. The object allocates its states; exp_avg and exp_avg_sq are for flat calls. */
struct tensors {
    size_t count, elements;
    descend_tensor *tensor;
    char (*name)[NAME_SIZE];
    float **exp_avg, **exp_avg_sq;
    unsigned char *memory;
};

struct row {
    const char *name;
    size_t count, least, most; /* tensors, and elements of each */
    unsigned threads;
    pair_function *work, *reference;
    bool copy; /* to bfloat16 */
};

struct run {
    const struct row *row;
    struct tensors tensors;
    descend_optimizer *optimizer;
    const struct separate_kernels *separate;
    descend_config config; /* AdamW's */
    descend_exec exec;
    descend_status status;
};

static size_t size_of(const struct row *row, size_t t)
{
    return row->least + t * 7919 % (row->most - row->least + 1);
}

/* Takes the next array. A cache line is left free between arrays, so that few of a tensor's start alike modulo a
 * page. */
static void *take(unsigned char **at, size_t bytes)
{
    void *array = *at;
    *at += (bytes + LINE - 1) / LINE * LINE + LINE;
    return array;
}

static bool tensors_new(struct tensors *tensors, const struct row *row)
{
    const size_t count = row->count;
    *tensors = (struct tensors){.count = count};
    if (count == 0)
        return false;
    for (size_t t = 0; t < count; t++)
        tensors->elements += size_of(row, t);
    const size_t bytes = 5 * (tensors->elements * sizeof(float) + 2 * count * LINE) + PAGE;
    tensors->tensor = calloc(count, sizeof *tensors->tensor);
    tensors->name = calloc(count, sizeof *tensors->name);
    tensors->exp_avg = calloc(2 * count, sizeof *tensors->exp_avg);
    tensors->memory = aligned_alloc(PAGE, (bytes + PAGE - 1) / PAGE * PAGE);
    if (!tensors->tensor || !tensors->name || !tensors->exp_avg || !tensors->memory)
        return false;
    tensors->exp_avg_sq = tensors->exp_avg + count;
    for (size_t i = 0; i < bytes / sizeof(float); i++)
        ((float *)(void *)tensors->memory)[i] = 0x1p-10f * (float)(1 + i * 7 % 1021);
    unsigned char *at = tensors->memory;
    for (size_t t = 0; t < count; t++) {
        const size_t n = size_of(row, t), size = n * sizeof(float);
        snprintf(tensors->name[t], NAME_SIZE, "%zu", t);
        tensors->tensor[t] = (descend_tensor){.name = tensors->name[t], .n = n, .param = {.data = take(&at, size)}};
        tensors->tensor[t].grad.data = take(&at, size);
        tensors->exp_avg[t] = take(&at, size);
        tensors->exp_avg_sq[t] = take(&at, size);
        if (row->copy)
            tensors->tensor[t].copy = (descend_array){.data = take(&at, size / 2), .dtype = DESCEND_BF16};
    }
    return true;
}

static void tensors_free(struct tensors *tensors)
{
    free(tensors->memory);
    free(tensors->exp_avg);
    free(tensors->name);
    free(tensors->tensor);
}

/* Remembers a call's status if the library refused it, for the report. */
static void note(struct run *run, descend_status status)
{
    if (status != DESCEND_OK)
        run->status = status;
}

static void object_step(void *context)
{
    struct run *run = context;
    note(run, descend_optimizer_step(run->optimizer, NULL, &run->exec));
}

static void flat_step(struct run *run, size_t t, size_t n, const descend_exec *exec)
{
    const descend_tensor *tensor = &run->tensors.tensor[t];
    note(run, descend_adamw_step(&run->config.adamw, STEP, tensor->param.data, tensor->grad.data,
                                 run->tensors.exp_avg[t], run->tensors.exp_avg_sq[t], NULL, n, exec));
}

static void flat_serial(void *context)
{
    const descend_exec serial = {.threads = 1};
    struct run *run = context;
    for (size_t t = 0; t < run->tensors.count; t++)
        flat_step(run, t, run->tensors.tensor[t].n, &serial);
}

/* A parallel region for each tensor, which the library would not open for so few elements. */
static void flat_parallel(void *context)
{
    struct run *run = context;
    for (size_t t = 0; t < run->tensors.count; t++) {
        const size_t n = run->tensors.tensor[t].n;
#ifdef _OPENMP
#pragma omp parallel num_threads((int)run->row->threads)
        {
            const descend_exec slice = {.slice = (unsigned)omp_get_thread_num(),
                                        .slices = (unsigned)omp_get_num_threads()};
            flat_step(run, t, n, &slice);
        }
#else
        flat_step(run, t, n, &run->exec);
#endif
    }
}

/* One call for as many elements as all tensors have, in the same memory. */
static void flat_array(void *context)
{
    struct run *run = context;
    const size_t n = run->tensors.elements;
    float *memory = (float *)(void *)run->tensors.memory, *array[4];
    for (size_t i = 0; i < 4; i++)
        array[i] = memory + i * ((n + LINE) / LINE * LINE + LINE);
    note(run,
         descend_adamw_step(&run->config.adamw, STEP, array[0], array[1], array[2], array[3], NULL, n, &run->exec));
}

static const double loss_scale = 65536, max_norm = 1;

/* Unscales and clips the gradients, updates, zeroes and copies, in two passes. */
static void fused(void *context)
{
    struct run *run = context;
    descend_measurement found;
    note(run, descend_optimizer_measure(run->optimizer, &run->exec, &found));
    const double scale = descend_clip_coefficient(max_norm, found.norm / loss_scale) / loss_scale;
    const descend_pass pass = {.grad_scale = &scale, .zero_grad = true};
    note(run, descend_optimizer_step(run->optimizer, &pass, &run->exec));
}

/* A separate pass over one tensor's gradient or parameter, split among threads as the library does. */
struct pass {
    const struct run *run;
    enum { SCALE, ZERO, COPY } what;
    float factor;
};

static void pass_task(void *context, unsigned index)
{
    const struct pass *pass = context;
    const descend_tensor *tensor = &pass->run->tensors.tensor[0];
    size_t begin, end;
    descend_slice(tensor->n, index, pass->run->row->threads, &begin, &end);
    if (pass->what == SCALE)
        pass->run->separate->scale(tensor->grad.data, pass->factor, begin, end);
    else if (pass->what == ZERO)
        memset((float *)tensor->grad.data + begin, 0, (end - begin) * sizeof(float));
    else
        pass->run->separate->copy(tensor->copy.data, tensor->param.data, begin, end);
}

static void run_pass(struct pass pass)
{
#ifdef _OPENMP
#pragma omp parallel for num_threads((int)pass.run->row->threads) schedule(static, 1)
#endif
    for (unsigned index = 0; index < pass.run->row->threads; index++)
        pass_task(&pass, index);
}

/* Does the same as fused(), with a pass for each thing. */
static void separate(void *context)
{
    struct run *run = context;
    descend_measurement found;
    run_pass((struct pass){run, SCALE, (float)(1 / loss_scale)});
    note(run, descend_optimizer_measure(run->optimizer, &run->exec, &found));
    run_pass((struct pass){run, SCALE, (float)descend_clip_coefficient(max_norm, found.norm)});
    flat_step(run, 0, run->tensors.tensor[0].n, &run->exec);
    run_pass((struct pass){run, ZERO, 0});
    run_pass((struct pass){run, COPY, 0});
}

static void object(struct gbench_state *state, const void *context)
{
    struct run run = {.row = context, .config = descend_config_defaults(DESCEND_ADAMW), .status = DESCEND_OK};
    struct pair pair = {0};
    run.exec = (descend_exec){.threads = run.row->threads};
    run.separate = separate_find(descend_isa_active());
    note(&run, descend_optimizer_create(&run.optimizer, &run.config));
    bool good = tensors_new(&run.tensors, run.row);
    if (good && run.status == DESCEND_OK)
        note(&run, descend_optimizer_add(run.optimizer, 0, run.tensors.tensor, run.tensors.count));
    for (size_t i = 0; good && run.status == DESCEND_OK && i < FIRST_STEPS; i++)
        object_step(&run);
    if (good && run.status == DESCEND_OK)
        good = pair_measure(state, run.tensors.elements < 1 << 16 ? 1000 : 1, (struct pair_work){run.row->work, NULL},
                            (struct pair_work){run.row->reference, NULL}, &run, &pair);
    if (pair_good(state, good, run.status)) {
        gbench_counter(state, "ns/step", 1e9 * pair.seconds);
        gbench_counter(state, "speedup", pair.reference_seconds / pair.seconds);
    }
    descend_optimizer_destroy(run.optimizer);
    tensors_free(&run.tensors);
}

void object_register(void)
{
    const unsigned threads = machine_threads();
    const struct row rows[] = {
        {"1000x64-512/against-parallel-calls", 1000, 64, 512, threads, object_step, flat_parallel, false},
        {"1000x64-512/against-serial-calls", 1000, 64, 512, threads, object_step, flat_serial, false},
        {"1000x1000-10000/against-one-array", 1000, 1000, 10000, threads, object_step, flat_array, false},
        {"fused/against-separate", 1, IN_DRAM, IN_DRAM, 1, fused, separate, true},
        {"fused/against-separate", 1, IN_DRAM, IN_DRAM, threads, fused, separate, true},
        {"empty/against-flat", 1, 0, 0, 1, object_step, flat_serial, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char name[160];
        if (rows[i].threads == 1 && i > 0 && rows[i - 1].work == rows[i].work && threads == 1)
            continue; /* the row before is the same one */
        snprintf(name, sizeof name, "object/%s/%u", rows[i].name, rows[i].threads);
        gbench_register(&(struct gbench_benchmark){
            .name = name, .function = object, .context = &rows[i], .context_size = sizeof rows[i]});
    }
}
