#include "gbench.h"

#include <benchmark/benchmark.h>

struct gbench_state {
    benchmark::State &state;
};

void gbench_register(const char *name, gbench_function *function, const void *context, int64_t iterations)
{
    auto *registered = benchmark::RegisterBenchmark(name, [=](benchmark::State &state) {
        gbench_state wrapped{state};
        function(&wrapped, context);
    });
    registered->UseRealTime()->MeasureProcessCPUTime();
    if (iterations > 0)
        registered->Iterations(iterations);
}

bool gbench_next(gbench_state *state, int64_t count)
{
    return state->state.KeepRunningBatch(count);
}

void gbench_pause(gbench_state *state)
{
    state->state.PauseTiming();
}

void gbench_resume(gbench_state *state)
{
    state->state.ResumeTiming();
}

int64_t gbench_iterations(const gbench_state *state)
{
    return state->state.iterations();
}

void gbench_set_bytes(gbench_state *state, int64_t bytes)
{
    state->state.SetBytesProcessed(bytes);
}

void gbench_set_items(gbench_state *state, int64_t items)
{
    state->state.SetItemsProcessed(items);
}

void gbench_counter(gbench_state *state, const char *name, double value)
{
    state->state.counters[name] = value;
}

void gbench_label(gbench_state *state, const char *text)
{
    state->state.SetLabel(text);
}

void gbench_skip(gbench_state *state, const char *reason)
{
    state->state.SkipWithError(reason);
}

void gbench_context(const char *key, const char *value)
{
    benchmark::AddCustomContext(key, value);
}

bool gbench_options(int *argc, char **argv)
{
    benchmark::Initialize(argc, argv);
    return !benchmark::ReportUnrecognizedArguments(*argc, argv);
}

void gbench_run(void)
{
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
