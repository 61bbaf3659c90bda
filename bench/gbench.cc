/* SPDX-License-Identifier: MIT */
#include "gbench.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

struct gbench_state {
    benchmark::State &state;
};

void gbench_register(const struct gbench_benchmark *benchmark)
{
    const auto *bytes = static_cast<const char *>(benchmark->context);
    const std::vector<char> context(bytes, bytes + benchmark->context_size);
    gbench_function *function = benchmark->function;
    std::string name = benchmark->name;
    std::replace(name.begin(), name.end(), ' ', '+');
    auto *registered = benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State &state) {
        gbench_state wrapped{state};
        function(&wrapped, context.data());
    });
    registered->UseRealTime()->MeasureProcessCPUTime();
    if (benchmark->iterations > 0)
        registered->Iterations(benchmark->iterations);

    std::vector<std::string> names;
    std::vector<std::vector<int64_t>> values;
    for (const gbench_range &range : benchmark->range) {
        if (range.factor == 0)
            break;
        names.emplace_back(range.name ? range.name : "");
        values.push_back(benchmark::CreateRange(range.first, range.last, range.factor));
    }
    if (!values.empty())
        registered->ArgNames(names)->ArgsProduct(values);
}

int64_t gbench_argument(const gbench_state *state, size_t index)
{
    return state->state.range(index);
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

void gbench_options(int *argc, char **argv, void (*refuse_name)(void))
{
    benchmark::Initialize(argc, argv, refuse_name);
}

size_t gbench_run(void)
{
    std::string filter = benchmark::GetBenchmarkFilter();
    // Without a filter Google Benchmark 1.7 moves all rows for each function that it adds: half a minute for 18,000.
    if (filter.empty() || filter == "all" || filter == ".")
        filter = ".*";
    const size_t count = benchmark::RunSpecifiedBenchmarks(filter);
    benchmark::Shutdown();
    return count;
}
