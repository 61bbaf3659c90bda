/* SPDX-License-Identifier: MIT */
// Steps over flat arrays, by pointers and by spans, beside descend_step.
#include <descend/descend.hpp>

#include "checks.hpp"

// Parameter and states of one tensor, as the flat functions take them.
struct arrays {
    std::vector<float> param = numbers(1), state[DESCEND_STATES];

    explicit arrays(const descend_config &config)
    {
        for (std::size_t k = 0; k < descend_kind_state_count(config.kind); k++)
            state[k].assign(descend_kind_state(config.kind, k)->scalar ? 1 : length,
                            descend_config_initial(&config, k));
    }
    float *at(std::size_t k)
    {
        return state[k].empty() ? nullptr : state[k].data();
    }
    void advance(const descend_config &config, std::uint64_t number)
    {
        for (std::size_t k = 0; k < descend_kind_state_count(config.kind); k++)
            if (descend_kind_state(config.kind, k)->scalar)
                state[k][0] = descend_config_advance(&config, number, state[k][0]);
    }
    bool operator==(const arrays &other) const
    {
        bool all = same(param, other.param);
        for (std::size_t k = 0; k < DESCEND_STATES; k++)
            all = all && same(state[k], other.state[k]);
        return all;
    }
};

static void each_kind()
{
    for (std::size_t index = 1; index <= descend_kind_count(); index++) {
        const descend::config config(static_cast<descend_kind>(index));
        arrays c(config), cxx(config), spans(config);
        for (std::uint64_t number = 1; number <= 3; number++) {
            const std::vector<float> grad = numbers(static_cast<unsigned>(number));
            c.advance(config, number);
            cxx.advance(config, number);
            spans.advance(config, number);
            float *const state[DESCEND_STATES] = {c.at(0), c.at(1), c.at(2), c.at(3)};
            CHECK(descend_step(&config, number, c.param.data(), grad.data(), state, length, nullptr) == DESCEND_OK);
            CHECK(descend::step(config, number, cxx.param.data(), grad.data(),
                                {cxx.at(0), cxx.at(1), cxx.at(2), cxx.at(3)}, length, descend::threads(2))
                      .ok());
            CHECK(c == cxx);
#ifdef __cpp_lib_span
            const std::size_t states = descend_kind_state_count(config.kind);
            CHECK((states == 1   ? descend::step(config, number, spans.param, grad, {spans.state[0]})
                   : states == 2 ? descend::step(config, number, spans.param, grad, {spans.state[0], spans.state[1]})
                                 : descend::step(config, number, spans.param, grad,
                                                 {spans.state[0], spans.state[1], spans.state[2]}))
                      .ok());
            CHECK(c == spans);
#endif
        }
    }
}

#ifdef __cpp_lib_span
static void lengths_of_spans()
{
    const descend::config adam("adam"), sgd("sgd");
    std::vector<float> param(8, 1.0f), grad(8, 1.0f), first(8), second(8), shorter(7), third(8), fourth(8);
    const std::vector<float> before = param;
    CHECK(descend::step(adam, 1, param, grad, {first, shorter}).code() == DESCEND_BAD_N);
    CHECK(descend::step(adam, 1, param, shorter, {first, second}).code() == DESCEND_BAD_N);
    CHECK(std::string_view(descend::step(adam, 1, param, shorter).message()).find("spans") != std::string_view::npos);
    CHECK(descend::step(adam, 1, param, grad, {first, second, third, fourth}).code() == DESCEND_BAD_N);
    CHECK(descend::step(adam, 1, param, grad, {first}).code() == DESCEND_NULL_ARRAY);
    CHECK(descend::step(adam, 1, param, grad, {{}, second}).code() == DESCEND_NULL_ARRAY);
    CHECK(descend::step(descend::config("adamx"), 1, param, grad).code() == DESCEND_BAD_KIND);
    CHECK(same(param, before) && same(first, std::vector<float>(8)));
    CHECK(descend::step(sgd, 1, param, grad).ok() && !same(param, before));
    descend::optimizer optimizer = descend::optimizer::create(sgd).value;
    CHECK(optimizer.add(0, "w", {param, shorter}).code() == DESCEND_BAD_N);
    CHECK(optimizer.add(0, "w", {param, grad}).ok() && optimizer.add(0, "v", {first, {}}).ok());
    CHECK(optimizer.at(0).value.grad.data == grad.data() && !optimizer.at(1).value.grad.data);
}
#endif

// The same as deltas, and by bias corrections.
static void other_steps()
{
    const descend::config config("adam");
    const std::vector<float> grad = numbers(2);
    arrays c(config), cxx(config), spans(config);
    std::vector<float> c_delta(length), cxx_delta(length), spans_delta(length);
    float *const state[DESCEND_STATES] = {c.at(0), c.at(1)};
    CHECK(descend_step_delta(&config, 1, c.param.data(), grad.data(), state, c_delta.data(), length, nullptr) ==
          DESCEND_OK);
    CHECK(descend::step_delta(config, 1, cxx.param.data(), grad.data(), {cxx.at(0), cxx.at(1)}, cxx_delta.data(),
                              length, descend::threads(2))
              .ok());
    CHECK(c_delta[0] != 0 && same(c_delta, cxx_delta) && c == cxx);
    CHECK(descend_step_corrected(&config, 0.25, 0.5, c.param.data(), grad.data(), state, length, nullptr) ==
          DESCEND_OK);
    CHECK(
        descend::step_corrected(config, 0.25, 0.5, cxx.param.data(), grad.data(), {cxx.at(0), cxx.at(1)}, length).ok());
    CHECK(c == cxx && !same(c.param, spans.param));
#ifdef __cpp_lib_span
    std::vector<float> shorter(length - 1);
    CHECK(descend::step_delta(config, 1, spans.param, grad, {spans.state[0], spans.state[1]}, shorter).code() ==
          DESCEND_BAD_N);
    CHECK(descend::step_delta(config, 1, spans.param, grad, {spans.state[0], shorter}, spans_delta).code() ==
          DESCEND_BAD_N);
    CHECK(descend::step_delta(config, 1, spans.param, grad, {spans.state[0], spans.state[1]}, spans_delta).ok());
    CHECK(same(c_delta, spans_delta));
    CHECK(descend::step_corrected(config, 0.25, 0.5, spans.param, grad, {spans.state[0], shorter}).code() ==
          DESCEND_BAD_N);
    CHECK(descend::step_corrected(config, 0.25, 0.5, spans.param, grad, {spans.state[0], spans.state[1]}).ok());
    CHECK(c == spans);
#endif
}

void flat_steps()
{
    each_kind();
    other_steps();
#ifdef __cpp_lib_span
    lengths_of_spans();
#endif
}
