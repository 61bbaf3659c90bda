/* SPDX-License-Identifier: MIT */
/* Configs of any kind, how to run a call, and steps over flat arrays. This is a part of descend.hpp. */
#ifndef DESCEND_CONFIG_HPP
#define DESCEND_CONFIG_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#if __cplusplus > 201703L && __has_include(<span>)
#include <span>
#endif

#include "descend/config.h"
#include "descend/optimizer.h" /* DESCEND_STATES */
#include "descend/status.hpp"

namespace descend
{

/* The kind of that name; DESCEND_KIND_NONE where there is none. */
inline descend_kind find_kind(std::string_view name)
{
    descend_kind kind = DESCEND_KIND_NONE;
    (void)detail::terminated(name).call(DESCEND_BAD_KIND, [&](const char *text) {
        kind = descend_kind_find(text);
        return DESCEND_OK;
    });
    return kind;
}

/* A config of any kind, with its defaults. The member of the kind's name has its fields: config.adamw.lr. Of a kind
 * that there is not it is all zeros, which every function refuses with DESCEND_BAD_KIND. */
struct config : descend_config {
    config() noexcept : config(DESCEND_KIND_NONE)
    {
    }
    config(const descend_config &other) noexcept : descend_config(other)
    {
    }
    explicit config(descend_kind of) noexcept : descend_config(descend_config_defaults(of))
    {
    }
    explicit config(std::string_view name) : descend_config(descend_config_defaults(find_kind(name)))
    {
    }

    status set(std::string_view field, double value)
    {
        return detail::terminated(field).call(DESCEND_BAD_FIELD,
                                              [&](const char *text) { return descend_config_set(this, text, value); });
    }
    result<double> get(std::string_view field) const
    {
        double value = 0;
        const status found = detail::terminated(field).call(
            DESCEND_BAD_FIELD, [&](const char *text) { return descend_config_get(this, text, &value); });
        return {found, value};
    }
};

/* How to run a call: on so many threads. A descend_exec that is {} means the defaults. */
inline descend_exec threads(unsigned count) noexcept
{
    descend_exec exec{};
    exec.threads = count;
    return exec;
}
/* Part number `index` of so many slices. */
inline descend_exec slice(unsigned index, unsigned slices) noexcept
{
    descend_exec exec{};
    exec.slice = index;
    exec.slices = slices;
    return exec;
}
/* On the caller's pool: pool(tasks, task) has to call task(0) … task(tasks - 1) on any threads and return when they
 * have returned. The pool has to outlive the call. */
template <class Pool> descend_exec on_pool(Pool &pool, unsigned tasks) noexcept
{
    descend_exec exec{};
    exec.threads = tasks;
    exec.pool = &pool;
    exec.run = [](void *given, descend_task *task, void *work, unsigned count) {
        (*static_cast<Pool *>(given))(count, [task, work](unsigned index) { task(work, index); });
    };
    return exec;
}

/* The states of one step over flat arrays, in the order of the kind's; those that the config does not use may be
 * left out. */
struct states {
    float *array[DESCEND_STATES];

    states(float *first = nullptr, float *second = nullptr, float *third = nullptr, float *fourth = nullptr) noexcept
        : array{first, second, third, fourth}
    {
    }
};

/* One step over flat arrays: descend_step. */
inline status step(const descend_config &with, std::uint64_t number, float *param, const float *grad,
                   const states &state, std::size_t n, const descend_exec &exec = {})
{
    return descend_step(&with, number, param, grad, state.array, n, &exec);
}

/* The same, but delta gets what the step would add to the parameters: descend_step_delta. */
inline status step_delta(const descend_config &with, std::uint64_t number, const float *param, const float *grad,
                         const states &state, float *delta, std::size_t n, const descend_exec &exec = {})
{
    return descend_step_delta(&with, number, param, grad, state.array, delta, n, &exec);
}

/* A step by bias corrections, 1 - beta1^number and 1 - beta2^number: descend_step_corrected. */
inline status step_corrected(const descend_config &with, double bias_correction1, double bias_correction2, float *param,
                             const float *grad, const states &state, std::size_t n, const descend_exec &exec = {})
{
    return descend_step_corrected(&with, bias_correction1, bias_correction2, param, grad, state.array, n, &exec);
}

#ifdef __cpp_lib_span
namespace detail
{

/* Finds the pointers of states, unless an array has another length than it must have. */
inline status find_states(const descend_config &with, std::size_t n, std::span<const float> grad,
                          std::initializer_list<std::span<float>> given, states &found)
{
    if (!descend_kind_name(with.kind))
        return DESCEND_BAD_KIND;
    std::size_t number = 0;
    for (const std::span<float> array : given) {
        const descend_state *state = descend_kind_state(with.kind, number);
        if (!state || (!array.empty() && array.size() != (state->scalar ? 1 : n)))
            return DESCEND_BAD_N;
        found.array[number++] = array.empty() ? nullptr : array.data();
    }
    return grad.size() == n ? DESCEND_OK : DESCEND_BAD_N;
}

} // namespace detail

/* A step over spans. */
inline status step(const descend_config &with, std::uint64_t number, std::span<float> param,
                   std::span<const float> grad, std::initializer_list<std::span<float>> state = {},
                   const descend_exec &exec = {})
{
    states found;
    const status lengths = detail::find_states(with, param.size(), grad, state, found);
    return lengths.ok() ? step(with, number, param.data(), grad.data(), found, param.size(), exec) : lengths;
}
/* Deltas over spans. */
inline status step_delta(const descend_config &with, std::uint64_t number, std::span<const float> param,
                         std::span<const float> grad, std::initializer_list<std::span<float>> state,
                         std::span<float> delta, const descend_exec &exec = {})
{
    states found;
    const status lengths = detail::find_states(with, param.size(), grad, state, found);
    if (!lengths.ok() || delta.size() != param.size())
        return lengths.ok() ? DESCEND_BAD_N : lengths;
    return step_delta(with, number, param.data(), grad.data(), found, delta.data(), param.size(), exec);
}
/* By bias corrections, over spans. */
inline status step_corrected(const descend_config &with, double bias_correction1, double bias_correction2,
                             std::span<float> param, std::span<const float> grad,
                             std::initializer_list<std::span<float>> state, const descend_exec &exec = {})
{
    states found;
    const status lengths = detail::find_states(with, param.size(), grad, state, found);
    return lengths.ok() ? step_corrected(with, bias_correction1, bias_correction2, param.data(), grad.data(), found,
                                         param.size(), exec)
                        : lengths;
}
#endif

} // namespace descend

#endif
