/* SPDX-License-Identifier: MIT */
/*
 * The library for C++17: header only, each function a line over the C function of the same name, whose comment in
 * config.h, optimizer.h, schedule.h, scaler.h or checkpoint.h holds for it too.
 *
 *     descend::config config("adamw");                                 // or config(DESCEND_ADAMW)
 *     config.adamw.lr = 3e-4;                                          // or config.set("lr", 3e-4).or_throw()
 *     auto optimizer = descend::optimizer::create(config).or_throw();
 *     optimizer.add(0, "w", {param, grad, n}).or_throw();
 *     for (…) {                                                        // gradients have been computed
 *         const auto found = optimizer.measure().or_throw();
 *         if (found.finite)
 *             optimizer.step({descend::clip_coefficient(1.0, found.norm), true}).or_throw();
 *     }
 *
 * Errors. There is one form of each function, which never throws a status: it returns a `status`, or a `result`, which
 * is a status and a value. Both are [[nodiscard]]. Who wants exceptions adds .or_throw(), which throws
 * descend::error; who does not asks .ok(), .code() and .message(). With -fno-exceptions there is no or_throw. As in C,
 * a call that is refused has changed nothing.
 *
 * Names are std::string_view and need not end in a NUL. Those of up to 255 bytes are copied to the stack, longer ones
 * to memory that is freed before the call returns; DESCEND_NO_MEMORY where there is none. A name with a NUL inside
 * names nothing, and is refused as any unknown or invalid name is.
 *
 * Spans, in C++20. DESCEND_BAD_N: an array has another length than param (a scalar state: than 1), or there are more
 * states than the kind has. An empty span is an absent array.
 *
 * Thread safety. As in C: free functions may be called from any thread as long as no thread writes the same objects or
 * arrays. One optimizer is used by one thread at a time, but for the slices of one call. The caller's floating-point
 * environment matters for schedules, scaler and clip_coefficient only.
 *
 * Where a C function is not wrapped, it takes optimizer::get(). save and load need the library descend::io where a
 * program calls them.
 */
#ifndef DESCEND_DESCEND_HPP
#define DESCEND_DESCEND_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "descend/checkpoint.h"
#include "descend/config.hpp"
#include "descend/optimizer.h"
#include "descend/scaler.h"
#include "descend/schedule.h"

/* All that is in descend.hpp. */
namespace descend
{

/* A tensor to add to an optimizer; the members are those of descend_tensor. */
struct tensor : descend_tensor {
    tensor() noexcept : descend_tensor()
    {
    }
    tensor(const descend_tensor &other) noexcept : descend_tensor(other)
    {
    }
    tensor(float *parameter, float *gradient, std::size_t count) noexcept : descend_tensor()
    {
        n = count;
        param.data = parameter;
        grad.data = gradient;
    }
#ifdef __cpp_lib_span
    tensor(std::span<float> parameter, std::span<float> gradient) noexcept
        : tensor(parameter.data(), gradient.empty() ? nullptr : gradient.data(),
                 gradient.empty() || gradient.size() == parameter.size() ? parameter.size() : SIZE_MAX)
    {
    }
#endif
};

/* What a step does beside the update; grad_scale is a number here, where descend_pass has a pointer. */
struct pass {
    std::optional<double> grad_scale = {};
    bool zero_grad = false;
    bool flush_subnormals = false;
};

/* What is saved and loaded beside an optimizer; the members are those of descend_checkpoint. */
struct checkpoint : descend_checkpoint {
    checkpoint() noexcept : descend_checkpoint()
    {
    }
};

/* An optimizer, which is destroyed with this object. One that was only declared or moved from is empty: its functions
 * return DESCEND_NULL_OPTIMIZER, or 0. */
class optimizer
{
  public:
    /* An empty one. */
    optimizer() noexcept = default;
    /* Takes over an optimizer that a C function has made. */
    explicit optimizer(descend_optimizer *owned) noexcept : handle_(owned)
    {
    }
    /* An optimizer of the config's kind, with this config for group 0. */
    static result<optimizer> create(const descend_config &config)
    {
        descend_optimizer *made = nullptr;
        const status code = descend_optimizer_create(&made, &config);
        return {code, optimizer(made)};
    }
    /* For functions of C. */
    descend_optimizer *get() const noexcept
    {
        return handle_.get();
    }
    /* Hands the optimizer to the caller, who destroys it. */
    descend_optimizer *release() noexcept
    {
        return handle_.release();
    }

    /* Groups. */
    result<unsigned> group(const descend_config &config)
    {
        unsigned number = 0;
        const status code = descend_optimizer_group(get(), &config, &number);
        return {code, number};
    }
    result<descend::config> group_config(unsigned group) const
    {
        descend::config found;
        const status code = descend_optimizer_config(get(), group, &found);
        return {code, found};
    }
    status configure(unsigned group, const descend_config &config)
    {
        return descend_optimizer_configure(get(), group, &config);
    }
    status set_lr(unsigned group, double lr)
    {
        return descend_optimizer_set_lr(get(), group, lr);
    }

    /* Tensors. The name of the first form replaces the tensor's. */
    status add(unsigned group, std::string_view name, const tensor &added)
    {
        return detail::terminated(name).call(DESCEND_BAD_NAME, [&](const char *text) {
            descend_tensor named = added;
            named.name = text;
            return descend_optimizer_add(get(), group, &named, 1);
        });
    }
    status add(unsigned group, const descend_tensor *tensors, std::size_t count)
    {
        return descend_optimizer_add(get(), group, tensors, count);
    }
    status set_grad(std::size_t number, void *grad)
    {
        return descend_optimizer_set_grad(get(), number, grad);
    }
    result<tensor> at(std::size_t number) const
    {
        tensor found;
        const status code = descend_optimizer_tensor(get(), number, &found, nullptr);
        return {code, found};
    }
    /* The number of the tensor of that name. */
    std::optional<std::size_t> find(std::string_view name) const
    {
        std::size_t number = tensor_count();
        (void)detail::terminated(name).call(DESCEND_BAD_NAME, [&](const char *text) {
            number = descend_optimizer_find(get(), text);
            return DESCEND_OK;
        });
        return number < tensor_count() ? std::optional<std::size_t>(number) : std::nullopt;
    }
    descend_kind kind() const noexcept
    {
        return descend_optimizer_kind(get());
    }
    unsigned group_count() const noexcept
    {
        return descend_optimizer_group_count(get());
    }
    std::size_t tensor_count() const noexcept
    {
        return descend_optimizer_tensor_count(get());
    }
    std::size_t state_length(std::size_t number, std::size_t state) const noexcept
    {
        return descend_optimizer_state_length(get(), number, state);
    }

    /* Steps. */
    status step(const pass &what = {}, const descend_exec &exec = {})
    {
        const descend_pass c = with(what);
        return descend_optimizer_step(get(), &c, &exec);
    }
    status step_tensors(std::size_t first, std::size_t count, const pass &what = {}, const descend_exec &exec = {})
    {
        const descend_pass c = with(what);
        return descend_optimizer_step_tensors(get(), first, count, &c, &exec);
    }
    status check(const pass &what = {}, const descend_exec &exec = {})
    {
        const descend_pass c = with(what);
        return descend_optimizer_check(get(), &c, &exec);
    }
    status zero_grad(const descend_exec &exec = {})
    {
        return descend_optimizer_zero_grad(get(), &exec);
    }
    result<descend_measurement> measure(const descend_exec &exec = {})
    {
        descend_measurement found{};
        const status code = descend_optimizer_measure(get(), &exec, &found);
        return {code, found};
    }
    /* For slices, which all write to the same place. */
    status measure(descend_measurement &found, const descend_exec &exec)
    {
        return descend_optimizer_measure(get(), &exec, &found);
    }
    bool unfinished() const noexcept
    {
        return descend_optimizer_unfinished(get());
    }
    status abandon()
    {
        return descend_optimizer_abandon(get());
    }

    /* Keeping. */
    status set_seed(std::uint64_t seed)
    {
        return descend_optimizer_set_seed(get(), seed);
    }
    std::uint64_t seed() const noexcept
    {
        return descend_optimizer_seed(get());
    }
    status save(std::string_view path, const descend_checkpoint &beside = checkpoint()) const
    {
        return detail::terminated(path).call(
            DESCEND_BAD_PATH, [&](const char *text) { return descend_optimizer_save(get(), text, &beside); });
    }
    status load(std::string_view path, const descend_checkpoint &beside = checkpoint())
    {
        return detail::terminated(path).call(
            DESCEND_BAD_PATH, [&](const char *text) { return descend_optimizer_load(get(), text, &beside); });
    }

  private:
    struct destroy {
        void operator()(descend_optimizer *old) const noexcept
        {
            descend_optimizer_destroy(old);
        }
    };

    /* Points into `what`. */
    static descend_pass with(const pass &what) noexcept
    {
        descend_pass c{};
        c.grad_scale = what.grad_scale ? &*what.grad_scale : nullptr;
        c.zero_grad = what.zero_grad;
        c.flush_subnormals = what.flush_subnormals;
        return c;
    }

    std::unique_ptr<descend_optimizer, destroy> handle_;
};

/* A dynamic loss scale, with torch's values before the first step; the members are those of descend_scaler. */
struct scaler : descend_scaler {
    scaler() noexcept : descend_scaler(descend_scaler_defaults())
    {
    }
    status update(bool found_inf)
    {
        return descend_scaler_update(this, found_inf);
    }
};
inline double clip_coefficient(double max_norm, double norm)
{
    return descend_clip_coefficient(max_norm, norm);
}

/* Learning rates: the functions of schedule.h. */
namespace schedule
{

inline double constant(double lr, double factor, std::uint64_t total_iters, std::uint64_t step)
{
    return descend_schedule_constant(lr, factor, total_iters, step);
}
inline double warmup(double lr, double start_factor, std::uint64_t total_iters, std::uint64_t step)
{
    return descend_schedule_warmup(lr, start_factor, total_iters, step);
}
inline double cosine(double lr, std::uint64_t T_max, double eta_min, std::uint64_t step)
{
    return descend_schedule_cosine(lr, T_max, eta_min, step);
}
inline double step_decay(double lr, std::uint64_t step_size, double gamma, std::uint64_t step)
{
    return descend_schedule_step_decay(lr, step_size, gamma, step);
}
inline double exponential(double lr, double gamma, std::uint64_t step)
{
    return descend_schedule_exponential(lr, gamma, step);
}
inline double polynomial(double lr, std::uint64_t total_iters, double power, std::uint64_t step)
{
    return descend_schedule_polynomial(lr, total_iters, power, step);
}
inline double one_cycle(double max_lr, std::uint64_t total_steps, std::uint64_t step,
                        const descend_one_cycle &options = descend_one_cycle_defaults())
{
    return descend_schedule_one_cycle(max_lr, total_steps, &options, step);
}

} // namespace schedule

} // namespace descend

#endif
