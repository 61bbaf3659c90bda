/* The public step functions: check everything, derive the scalars, hand over to the kernel. */
#include "vec/scalar.h"

#include <stdalign.h>

#include "cpu.h"
#include "dispatch.h"
#include "optimizers.h"
#include "row.h"
#include "run.h"

/* The arguments of a step function, whichever it was. */
struct call {
    enum descend_optimizer_index optimizer;
    const void *config;
    uint64_t step;
    struct descend_streams streams;
    size_t n;
    const descend_exec *exec;
};

/* What the checks make of it. */
struct prepared {
    const struct call *call;
    descend_kernel *kernel;
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
    unsigned options = 0;
    descend_status status;
    if (kernels == NULL)
        return DESCEND_NO_ISA;
    if (call->config == NULL)
        return DESCEND_NULL_CONFIG;
    if ((status = descend_run_check(exec)) != DESCEND_OK)
        return status;
    const struct descend_point at = {.step = call->step, .first = call->step == 1};
    if ((status = descend_prepare(row, call->config, &at, &out->scalars, &options)) != DESCEND_OK)
        return status;
    if (call->n > 0 && (status = check_arrays(&call->streams, row->used(options), call->n)) != DESCEND_OK)
        return status;

    out->call = call;
    out->kernel = kernels->kernel[call->optimizer][LAYOUT_f32][BODY_BARE][options];
    out->tasks = call->n > 0 ? descend_run_tasks(call->n, exec) : 0;
    descend_slice(call->n, exec->slice, exec->slices, &out->begin, &out->end);
    return DESCEND_OK;
}

static void task(void *work, unsigned index)
{
    const struct prepared *prepared = work;
    const struct call *call = prepared->call;
    size_t begin, end;
    descend_slice(call->n, index, prepared->tasks, &begin, &end);
    const struct descend_fp_state callers = descend_fp_enter();
    prepared->kernel(&prepared->scalars, &call->streams, begin, end);
    descend_fp_leave(callers);
}

static descend_status step(const struct call *call)
{
    static const descend_exec defaults;
    const descend_exec *exec = call->exec ? call->exec : &defaults;
    struct prepared prepared;

    const struct descend_fp_state callers = descend_fp_enter();
    const descend_status status = prepare(call, exec, &prepared);
    if (status == DESCEND_OK && prepared.tasks == 0)
        prepared.kernel(&prepared.scalars, &call->streams, prepared.begin, prepared.end);
    descend_fp_leave(callers);

    if (status == DESCEND_OK && prepared.tasks > 0)
        descend_run(task, &prepared, prepared.tasks, exec);
    return status;
}

#define PARAMETER(name, initial, written, read) float *name,
#define ARGUMENT(name, initial, written, read) name,
#define STEP(name, option_sets, STATES, FIELDS)                                                                     \
    descend_##name descend_##name##_defaults(void)                                                                  \
    {                                                                                                               \
        return name##_defaults();                                                                                   \
    }                                                                                                               \
    descend_status descend_##name##_step(const descend_##name *config, uint64_t step_, float *param,                \
                                         const float *grad, STATES(PARAMETER) size_t n, const descend_exec *exec)   \
    {                                                                                                               \
        const struct call call = {                                                                                  \
            OPTIMIZER_##name, config, step_, {.param = param, .grad = grad, .state = {STATES(ARGUMENT)}}, n, exec}; \
        return step(&call);                                                                                         \
    }
DESCEND_OPTIMIZERS(STEP)
