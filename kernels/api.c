/* The public step functions: check everything, derive the scalars, hand over to the kernel. */
#include "vec/scalar.h"

#include <stdalign.h>
#include <string.h>

#include "cpu.h"
#include "dispatch.h"
#include "optimizers.h"
#include "run.h"

#define SCALARS(name, option_sets, STATES) struct name##_scalars name;
union scalars {
    DESCEND_OPTIMIZERS(SCALARS)
};
#undef SCALARS

/* Checks the config and fills the scalars, the option bits, and the mask of state arrays that they use. */
typedef descend_status prepare_function(const void *config, uint64_t step, union scalars *scalars, unsigned *options,
                                        unsigned *states);

/* The arguments of a step function, whichever it was. */
struct call {
    enum descend_optimizer_index optimizer;
    prepare_function *prepare;
    size_t scalar_count;
    const void *config;
    uint64_t step;
    struct descend_streams streams;
    size_t n;
    const descend_exec *exec;
};

/* What the checks make of it. */
struct prepared {
    struct descend_job job;
    union scalars scalars;
    unsigned tasks; /* for descend_run; 0: this thread does the elements from begin to end */
    size_t begin, end;
};

static descend_status check_exec(const descend_exec *exec)
{
    for (size_t i = 0; i < sizeof exec->reserved / sizeof *exec->reserved; i++)
        if (exec->reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    if (exec->slice >= exec->slices && (exec->slice | exec->slices) != 0)
        return DESCEND_BAD_SLICE;
    if (exec->slices > 0 && (exec->threads != 0 || exec->run))
        return DESCEND_BAD_SPLIT;
    if (exec->run && exec->threads == 0)
        return DESCEND_BAD_THREADS;
    return DESCEND_OK;
}

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

/* They hold floats only. */
static descend_status check_scalars(const union scalars *scalars, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float scalar;
        memcpy(&scalar, (const char *)scalars + i * sizeof scalar, sizeof scalar);
        if (!isfinite(scalar))
            return DESCEND_OVERFLOW;
    }
    return DESCEND_OK;
}

/* Not inlined: it computes, and its caller writes the floating-point control register. */
__attribute__((noinline)) static descend_status prepare(const struct call *call, const descend_exec *exec,
                                                        struct prepared *out)
{
    const struct descend_kernels *kernels = descend_dispatch();
    unsigned options = 0, states = 0;
    descend_status status;
    if (kernels == NULL)
        return DESCEND_NO_ISA;
    if (call->config == NULL)
        return DESCEND_NULL_CONFIG;
    if ((status = check_exec(exec)) != DESCEND_OK)
        return status;
    if (call->step == 0 || call->step > UINT64_C(1) << 53)
        return DESCEND_BAD_STEP;
    if ((status = call->prepare(call->config, call->step, &out->scalars, &options, &states)) != DESCEND_OK)
        return status;
    if ((status = check_scalars(&out->scalars, call->scalar_count)) != DESCEND_OK)
        return status;
    if (call->n > 0 && (status = check_arrays(&call->streams, states, call->n)) != DESCEND_OK)
        return status;

    out->job = (struct descend_job){kernels->kernel[call->optimizer][LAYOUT_f32][options], &out->scalars,
                                    &call->streams, call->n};
    out->tasks = call->n > 0 ? descend_run_tasks(call->n, exec) : 0;
    descend_slice(call->n, exec->slice, exec->slices, &out->begin, &out->end);
    return DESCEND_OK;
}

static descend_status step(const struct call *call)
{
    static const descend_exec defaults;
    const descend_exec *exec = call->exec ? call->exec : &defaults;
    struct prepared prepared;

    const struct descend_fp_state callers = descend_fp_enter();
    const descend_status status = prepare(call, exec, &prepared);
    const struct descend_job *job = &prepared.job;
    if (status == DESCEND_OK && prepared.tasks == 0)
        job->kernel(job->scalars, job->streams, prepared.begin, prepared.end);
    descend_fp_leave(callers);

    if (status == DESCEND_OK && prepared.tasks > 0)
        descend_run(job, prepared.tasks, exec);
    return status;
}

#define PARAMETER(name, initial, written, read) float *name,
#define ARGUMENT(name, initial, written, read) name,
#define STEP(name, option_sets, STATES)                                                                           \
    static descend_status name##_prepare_call(const void *config, uint64_t step_, union scalars *scalars,         \
                                              unsigned *options, unsigned *states)                                \
    {                                                                                                             \
        const descend_status status = name##_prepare(config, step_, &scalars->name, options);                     \
        *states = name##_writes(*options);                                                                        \
        return status;                                                                                            \
    }                                                                                                             \
    descend_##name descend_##name##_defaults(void)                                                                \
    {                                                                                                             \
        return name##_defaults();                                                                                 \
    }                                                                                                             \
    descend_status descend_##name##_step(const descend_##name *config, uint64_t step_, float *param,              \
                                         const float *grad, STATES(PARAMETER) size_t n, const descend_exec *exec) \
    {                                                                                                             \
        const struct call call = {OPTIMIZER_##name,                                                               \
                                  name##_prepare_call,                                                            \
                                  sizeof(struct name##_scalars) / sizeof(float),                                  \
                                  config,                                                                         \
                                  step_,                                                                          \
                                  {param, grad, {STATES(ARGUMENT)}},                                              \
                                  n,                                                                              \
                                  exec};                                                                          \
        return step(&call);                                                                                       \
    }
DESCEND_OPTIMIZERS(STEP)
