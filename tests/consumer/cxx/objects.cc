/* SPDX-License-Identifier: MIT */
// The optimizer object beside the same in C.
#include <descend/descend.hpp>

#include <algorithm>
#include <cstring>
#include <thread>

#include "checks.hpp"

// A pool as a trainer might have it.
struct pool {
    template <class Task> void operator()(unsigned tasks, Task task)
    {
        std::vector<std::thread> all;
        for (unsigned index = 0; index < tasks; index++)
            all.emplace_back([=] { task(index); });
        for (std::thread &thread : all)
            thread.join();
    }
};

// Two groups, of two tensors and of one, once in C and once in C++.
struct model {
    std::vector<float> param[3] = {numbers(1), numbers(2, 5), numbers(3)},
                       grad[3] = {numbers(4), numbers(5, 5), numbers(6)};

    void gradients(unsigned seed)
    {
        for (std::vector<float> &array : grad) {
            const std::vector<float> made = numbers(seed++, array.size());
            std::copy(made.begin(), made.end(), array.begin());
        }
    }
    bool operator==(const model &other) const
    {
        return same(param[0], other.param[0]) && same(param[1], other.param[1]) && same(param[2], other.param[2]) &&
               same(grad[0], other.grad[0]) && same(grad[1], other.grad[1]) && same(grad[2], other.grad[2]);
    }
};

static descend_optimizer *in_c(model &of, const descend_config &weights, const descend_config &biases)
{
    descend_optimizer *optimizer = nullptr;
    CHECK(descend_optimizer_create(&optimizer, &weights) == DESCEND_OK);
    CHECK(descend_optimizer_group(optimizer, &biases, nullptr) == DESCEND_OK);
    static const char *const tensor_names[] = {"a", "b", "c"};
    for (unsigned t = 0; t < 3; t++) {
        descend_tensor tensor = {};
        tensor.name = tensor_names[t];
        tensor.n = of.param[t].size();
        tensor.param.data = of.param[t].data();
        tensor.grad.data = of.grad[t].data();
        CHECK(descend_optimizer_add(optimizer, t == 1, &tensor, 1) == DESCEND_OK);
    }
    return optimizer;
}

static descend::optimizer in_cxx(model &of, const descend::config &weights, const descend::config &biases)
{
    descend::optimizer optimizer = descend::optimizer::create(weights).value;
    const auto group = optimizer.group(biases);
    CHECK(group.ok() && group.value == 1 && optimizer.group_count() == 2);
    CHECK(optimizer.add(0, "a", {of.param[0].data(), of.grad[0].data(), of.param[0].size()}).ok());
    CHECK(optimizer.add(group.value, "b", {of.param[1].data(), of.grad[1].data(), of.param[1].size()}).ok());
    descend::tensor third(of.param[2].data(), of.grad[2].data(), of.param[2].size());
    third.name = "c";
    CHECK(optimizer.add(0, &third, 1).ok());
    return optimizer;
}

static void step_in_c(descend_optimizer *optimizer, std::uint64_t number)
{
    descend_measurement found;
    CHECK(descend_optimizer_set_lr(optimizer, 0, descend_schedule_cosine(0.1, 10, 0, number)) == DESCEND_OK);
    CHECK(descend_optimizer_measure(optimizer, nullptr, &found) == DESCEND_OK);
    const double scale = descend_clip_coefficient(1.0, found.norm);
    descend_pass pass = {};
    pass.grad_scale = &scale;
    pass.zero_grad = true;
    CHECK(descend_optimizer_step(optimizer, &pass, nullptr) == DESCEND_OK);
}

static void step_in_cxx(descend::optimizer &optimizer, std::uint64_t number, const descend_exec &exec)
{
    CHECK(optimizer.set_lr(0, descend::schedule::cosine(0.1, 10, 0, number)).ok());
    const auto found = optimizer.measure(exec);
    CHECK(found.ok() && found.value.finite);
    const descend::pass pass = {descend::clip_coefficient(1.0, found.value.norm), true};
    CHECK(optimizer.check(pass).ok());
    if (exec.slices) {
        std::thread other([&] { CHECK(optimizer.step(pass, descend::slice(1, 2)).ok()); });
        CHECK(optimizer.step(pass, descend::slice(0, 2)).ok());
        other.join();
    } else {
        CHECK(optimizer.step(pass, exec).ok());
    }
    CHECK(!optimizer.unfinished());
}

// By its bits: at -Ofast a comparison takes subnormal numbers for 0.
static bool is_zero(float x)
{
    const float zero = 0;
    return std::memcmp(&x, &zero, sizeof x) == 0;
}

// What is handed to a call arrives there.
static void arguments()
{
    float param[3] = {1, 1e-40f, 1}, grad[3] = {};
    pool workers;
    descend::optimizer optimizer = descend::optimizer::create(descend::config("sgd")).value;
    CHECK(optimizer.add(0, "w", {param, grad, 3}).ok());
    CHECK(optimizer.step().ok() && !is_zero(param[1]));
    descend::pass flush;
    flush.flush_subnormals = true;
    CHECK(optimizer.step(flush).ok() && is_zero(param[1]));
    const descend::pass bad = {-1.0};
    const descend_exec wrong = descend::slice(2, 2);
    CHECK(optimizer.check(bad).code() == DESCEND_BAD_GRAD_SCALE &&
          optimizer.step(bad).code() == DESCEND_BAD_GRAD_SCALE);
    CHECK(optimizer.step_tensors(0, 1, bad).code() == DESCEND_BAD_GRAD_SCALE);
    CHECK(optimizer.check({}, wrong).code() == DESCEND_BAD_SLICE &&
          optimizer.step({}, wrong).code() == DESCEND_BAD_SLICE);
    CHECK(optimizer.step_tensors(0, 1, {}, wrong).code() == DESCEND_BAD_SLICE);
    CHECK(optimizer.zero_grad(wrong).code() == DESCEND_BAD_SLICE &&
          optimizer.measure(wrong).code() == DESCEND_BAD_SLICE);
    CHECK(descend::threads(3).threads == 3 && descend::on_pool(workers, 3).threads == 3);
}

void objects(const char *path)
{
    arguments();
    descend::config weights("adamw"), biases("adamw");
    biases.adamw.weight_decay = 0;
    pool workers;
    model c, cxx, loaded;
    descend_optimizer *one = in_c(c, weights, biases);
    descend::optimizer other = in_cxx(cxx, weights, biases);
    const descend_exec how[] = {{}, descend::threads(2), descend::on_pool(workers, 3), descend::slice(0, 1)};
    std::uint64_t number = 0;
    for (const descend_exec &exec : how) {
        c.gradients(static_cast<unsigned>(++number));
        cxx.gradients(static_cast<unsigned>(number));
        step_in_c(one, number);
        step_in_cxx(other, number, exec);
        CHECK(c == cxx);
    }

    descend::scaler scaler, read;
    CHECK(scaler.scale == 65536 && scaler.update(true).ok() && scaler.scale == 32768);
    descend::checkpoint with;
    with.params = true;
    with.scaler = &scaler;
    CHECK(other.set_seed(7).ok() && other.save(path, with).ok());
    descend::optimizer again = in_cxx(loaded, weights, biases);
    with.scaler = &read;
    CHECK(again.load(path, with).ok() && read.scale == scaler.scale && again.seed() == 7);
    CHECK(again.group_config(1).value.adamw.weight_decay == 0 && again.at(2).value.step == number);
    for (model *of : {&c, &cxx, &loaded})
        of->gradients(99);
    CHECK(descend_optimizer_step_tensors(one, 1, 2, nullptr, nullptr) == DESCEND_OK);
    CHECK(other.step_tensors(1, 2).ok() && again.step_tensors(1, 2).ok() && c == cxx && c == loaded);
    CHECK(again.zero_grad().ok() && loaded.grad[0][0] == 0 && again.state_length(1, 0) == 5);
    CHECK(again.set_grad(0, nullptr).ok() && !again.at(0).value.grad.data);
    CHECK(again.configure(0, biases).ok() && again.group_config(0).value.adamw.weight_decay == 0);
    descend_measurement found{};
    CHECK(again.measure(found, descend::slice(0, 2)).ok() && again.unfinished());
    CHECK(again.step().code() == DESCEND_UNFINISHED && again.abandon().ok() && again.step().ok());
    descend_optimizer_destroy(one);
}
