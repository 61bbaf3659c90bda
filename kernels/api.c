/* The public step functions: check everything, derive the scalars, hand over to the kernel. */
#include "vec/scalar.h"

#include <stdalign.h>

#include "cpu.h"
#include "dispatch.h"
#include "optimizers.h"
#include "row.h"
#include "run.h"
#include "segment.h"

/* The arguments of a step function, whichever it was. */
struct call {
    enum descend_optimizer_index optimizer;
    const void *config;
    struct descend_point at;
    struct descend_streams streams;
    size_t n;
    const descend_exec *exec;
};

/* What the checks make of it. */
struct prepared {
    const struct call *call;
    const descend_exec *exec;
    const struct descend_row *row;
    descend_kernel *const *kernels; /* by option bits */
    unsigned options;
    struct descend_scalars scalars;
    unsigned tasks; /* for descend_run; 0: this thread does the elements from begin to end */
    size_t begin, end;
};

/* The arrays in use: param, grad, and the state arrays of the mask. */
static descend_status check_arrays(const struct descend_streams *streams, unsigned states, size_t n)
{
    const size_t bytes = n * sizeof(float);
    uintptr_t start[2 + STATES_MAX] = {(uintptr_t)streams->param, (uintptr_t)streams->grad};
    size_t count = 2;
    for (size_t i = 0; i < STATES_MAX; i++)
        if (states >> i & 1)
            start[count++] = (uintptr_t)streams->state[i];

    if (n > PTRDIFF_MAX / sizeof(float))
        return DESCEND_BAD_N;
    for (size_t i = 0; i < count; i++) {
        if (start[i] == 0)
            return DESCEND_NULL_ARRAY;
        if (start[i] % alignof(float) != 0)
            return DESCEND_MISALIGNED;
        if (start[i] > UINTPTR_MAX - bytes)
            return DESCEND_BAD_N;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (start[i] < start[j] + bytes && start[j] < start[i] + bytes)
                return DESCEND_OVERLAP;
    return DESCEND_OK;
}

/* Not inlined: it computes, and its caller writes the floating-point control register. */
__attribute__((noinline)) static descend_status prepare(const struct call *call, const descend_exec *exec,
                                                        struct prepared *out)
{
    const struct descend_kernels *kernels = descend_dispatch();
    const struct descend_row *row = &descend_rows[call->optimizer];
    descend_status status;
    if (kernels == NULL)
        return DESCEND_NO_ISA;
    if (call->config == NULL)
        return DESCEND_NULL_CONFIG;
    if ((status = descend_run_check(exec)) != DESCEND_OK)
        return status;
    if (row->second && exec->slices > 0)
        return DESCEND_NO_SLICES;
    if ((status = descend_prepare(row, call->config, &call->at, &out->scalars, &out->options)) != DESCEND_OK)
        return status;
    if (call->n > 0 && (status = check_arrays(&call->streams, row->used(out->options), call->n)) != DESCEND_OK)
        return status;

    out->call = call;
    out->exec = exec;
    out->row = row;
    out->kernels = kernels->kernel[call->optimizer][LAYOUT_f32][BODY_BARE];
    out->tasks = call->n > 0 ? descend_run_tasks(call->n, exec) : 0;
    descend_slice(call->n, exec->slice, exec->slices, &out->begin, &out->end);
    return DESCEND_OK;
}

/* To be called in the guard. */
static void update(const struct prepared *prepared, size_t begin, size_t end)
{
    prepared->kernels[prepared->options](&prepared->scalars, &prepared->call->streams, begin, end);
}

static void task(void *work, unsigned index)
{
    const struct prepared *prepared = work;
    size_t begin, end;
    descend_slice(prepared->call->n, index, prepared->tasks, &begin, &end);
    const struct descend_fp_state callers = descend_fp_enter();
    update(prepared, begin, end);
    descend_fp_leave(callers);
}

/* The first of two phases. */
struct first_phase {
    struct prepared *prepared;
    struct descend_norms norms[SEGMENTS_MAX];
};

static void first_task(void *work, unsigned index)
{
    struct first_phase *first = work;
    const struct prepared *prepared = first->prepared;
    const size_t n = prepared->call->n, each = descend_segment(n), segments = descend_segments(n);
    const size_t tasks = prepared->tasks ? prepared->tasks : 1;
    struct descend_streams streams = prepared->call->streams;
    const struct descend_fp_state callers = descend_fp_enter();
    for (size_t i = segments * index / tasks; i < segments * (index + 1) / tasks; i++) {
        const size_t begin = i * each, end = n - begin < each ? n : begin + each;
        streams.norms = &first->norms[i];
        prepared->kernels[prepared->options](&prepared->scalars, &streams, begin, end);
    }
    descend_fp_leave(callers);
}

static void all_tasks(descend_task *each, void *work, const struct prepared *prepared)
{
    if (prepared->tasks > 0)
        descend_run(each, work, prepared->tasks, prepared->exec);
    else
        each(work, 0);
}

/* Not inlined, as prepare. */
__attribute__((noinline)) static void begin_second(struct first_phase *first)
{
    struct prepared *prepared = first->prepared;
    const double ratio = descend_norm_ratio(first->norms, descend_segments(prepared->call->n));
    prepared->row->second(prepared->call->config, ratio, &prepared->scalars);
    prepared->options |= SECOND_PHASE;
}

static void two_phases(struct prepared *prepared)
{
    struct first_phase first;
    first.prepared = prepared;
    all_tasks(first_task, &first, prepared);
    const struct descend_fp_state callers = descend_fp_enter();
    begin_second(&first);
    descend_fp_leave(callers);
    all_tasks(task, prepared, prepared);
}

static descend_status step(const struct call *call)
{
    static const descend_exec defaults;
    struct prepared prepared;

    const struct descend_fp_state callers = descend_fp_enter();
    const descend_status status = prepare(call, call->exec ? call->exec : &defaults, &prepared);
    const bool two = status == DESCEND_OK && prepared.row->second;
    if (status == DESCEND_OK && !two && prepared.tasks == 0)
        update(&prepared, prepared.begin, prepared.end);
    descend_fp_leave(callers);

    if (two)
        two_phases(&prepared);
    else if (status == DESCEND_OK && prepared.tasks > 0)
        descend_run(task, &prepared, prepared.tasks, prepared.exec);
    return status;
}

/* Not inlined, as prepare. */
__attribute__((noinline)) static float scalar_through(const struct descend_row *row, const void *config, uint64_t step_,
                                                      float previous)
{
    return row->advance(config, step_, previous);
}

static float advance(enum descend_optimizer_index optimizer, const void *config, uint64_t step_, float previous)
{
    if (config == NULL)
        return NAN;
    const struct descend_fp_state callers = descend_fp_enter();
    const float through = scalar_through(&descend_rows[optimizer], config, step_, previous);
    descend_fp_leave(callers);
    return through;
}

// clang-format off
#define NOTHING(...)
#define PARAMETER(name, initial, written, read) float *name,
#define ARGUMENT(name, initial, written, read) name,
#define SCALAR_PARAMETER(optimizer, name, initial) float name,
#define SCALAR_ARGUMENT(optimizer, name, initial) , .scalar = name
#define SCALAR_FUNCTION(optimizer, name, initial) \
    float descend_##optimizer##_##name(const descend_##optimizer *config, uint64_t step_, float previous) \
    { \
        return advance(OPTIMIZER_##optimizer, config, step_, previous); \
    }
#define STEP(name, option_sets, phases, STATES, FIELDS) \
    descend_##name descend_##name##_defaults(void) \
    { \
        return name##_defaults(); \
    } \
    STATES(NOTHING, SCALAR_FUNCTION) \
    descend_status descend_##name##_step(const descend_##name *config, uint64_t step_, \
                                         STATES(NOTHING, SCALAR_PARAMETER) float *param, const float *grad, \
                                         STATES(PARAMETER, NOTHING) size_t n, const descend_exec *exec) \
    { \
        const struct call call = { \
            OPTIMIZER_##name, \
            config, \
            {.step = step_, .first = step_ == 1 STATES(NOTHING, SCALAR_ARGUMENT)}, \
            {.param = param, .grad = grad, .state = {STATES(ARGUMENT, NOTHING)}}, \
            n, \
            exec}; \
        return step(&call); \
    }
// clang-format on
DESCEND_OPTIMIZERS(STEP)
