/* SPDX-License-Identifier: MIT */
// Names that do not end, or have a NUL inside; what a default initialisation leaves; and who owns an optimizer.
#include <descend/descend.hpp>

#include <cstdlib>
#include <string>
#include <type_traits>

#include "checks.hpp"

static void unusual_names()
{
    using namespace std::string_view_literals;
    const char unterminated[] = {'a', 'd', 'a', 'm', 'w', 'l', 'r', '!'};
    descend::config config(std::string_view(unterminated, 5));
    CHECK(config.kind == DESCEND_ADAMW && config.adamw.weight_decay == 1e-2);
    CHECK(config.set(std::string_view(unterminated + 5, 2), 0.5).ok() && config.adamw.lr == 0.5);
    CHECK(config.get("lr").ok() && config.get("lr").value == 0.5);
    CHECK(config.set("lr\0"sv, 0.25).code() == DESCEND_BAD_FIELD);
    CHECK(config.set("momentum", 0.25).code() == DESCEND_BAD_FIELD);
    CHECK(config.set({}, 0.25).code() == DESCEND_BAD_FIELD && config.get(""sv).code() == DESCEND_BAD_FIELD);
    CHECK(config.set("lr", -1).code() == DESCEND_BAD_LR && config.adamw.lr == 0.5);
    CHECK(descend::find_kind("adam\0"sv) == DESCEND_KIND_NONE && descend::find_kind("adam") == DESCEND_ADAM);
    CHECK(descend::config("adam\0w"sv).set("lr", 1).code() == DESCEND_BAD_KIND);
    CHECK(descend::config().set("lr", 1).code() == DESCEND_BAD_KIND);

    descend::optimizer optimizer = descend::optimizer::create(config).value;
    float param[8] = {}, grad[8] = {};
    for (const std::size_t size : {std::size_t(1), std::size_t(255), std::size_t(256), std::size_t(100000)}) {
        const std::string longer(size + 1, 'x'); // the view ends within it
        const std::size_t before = optimizer.tensor_count();
        const std::string_view name(longer.data(), size);
        CHECK(!optimizer.find(name));
        CHECK(optimizer.add(0, name, {param + before, grad + before, 1}).ok());
        CHECK(optimizer.find(name) == before && optimizer.at(before).value.name == name);
    }
    CHECK(optimizer.add(0, "x", {param + 7, grad + 7, 1}).code() == DESCEND_DUPLICATE_NAME);
    CHECK(optimizer.add(0, "y\0"sv, {param + 7, grad + 7, 1}).code() == DESCEND_BAD_NAME);
    CHECK(optimizer.add(0, {}, {param + 7, grad + 7, 1}).code() == DESCEND_BAD_NAME);
    CHECK(!optimizer.find("y\0"sv) && !optimizer.find({}) && optimizer.tensor_count() == 4);
    for (const descend::status refused :
         {optimizer.save("a\0b"sv), optimizer.add(0, "a\0b"sv, {param + 7, grad + 7, 1})})
        CHECK(std::string_view(refused.message()).find("NUL inside") != std::string_view::npos);
    CHECK(optimizer.save("a\0b"sv).code() == DESCEND_BAD_PATH && optimizer.load("a\0b"sv).code() == DESCEND_BAD_PATH);
}

// What a default initialisation leaves, and what an empty optimizer answers.
static void initialisation()
{
    descend::tensor tensor = {};
    descend::pass pass = {};
    descend::checkpoint with = {};
    const descend_tensor zero_tensor = {};
    CHECK(tensor.n == 0 && !tensor.name && tensor.reserved[7] == zero_tensor.reserved[7]);
    CHECK(!pass.grad_scale && !pass.zero_grad && !pass.flush_subnormals && !with.params && !with.scaler);

    descend::optimizer empty;
    CHECK(empty.step().code() == DESCEND_NULL_OPTIMIZER && empty.measure().code() == DESCEND_NULL_OPTIMIZER);
    CHECK(empty.tensor_count() == 0 && empty.kind() == DESCEND_KIND_NONE && !empty.find("w"));
    CHECK(std::strcmp(empty.step().message(), descend_status_string(DESCEND_NULL_OPTIMIZER)) == 0);
    auto [status, optimizer] = descend::optimizer::create(descend::config("no such kind"));
    CHECK(status.code() == DESCEND_BAD_KIND && !optimizer.get());
    static_assert(!std::is_copy_constructible_v<descend::optimizer> && !std::is_copy_assignable_v<descend::optimizer>);
    static_assert(std::is_nothrow_move_constructible_v<descend::optimizer>);
}

static int living = 0;

static void *allocate(void *, std::size_t size, std::size_t alignment)
{
    void *memory = nullptr;
    living += posix_memalign(&memory, alignment, size) == 0;
    return memory;
}

static void release(void *, void *memory, std::size_t)
{
    living -= memory != nullptr;
    std::free(memory);
}

// An optimizer goes with its last owner, once.
static void ownership()
{
    const descend_allocator allocator = {allocate, release, nullptr};
    float param[4] = {}, grad[4] = {};
    {
        descend::optimizer first = descend::optimizer::create(descend::config(DESCEND_ADAM)).value, second;
        CHECK(descend_optimizer_set_allocator(first.get(), &allocator) == DESCEND_OK);
        CHECK(first.add(0, "w", {param, grad, 4}).ok() && living > 0);
        second = std::move(first);
        CHECK(second.tensor_count() == 1 && second.step().ok());
        descend::optimizer third(second.release());
        CHECK(!second.get() && third.step().ok());
        second = descend::optimizer::create(descend::config(DESCEND_SGD)).value;
        second = std::move(third);
        CHECK(living > 0 && second.kind() == DESCEND_ADAM);
    }
    CHECK(living == 0);
}

void names()
{
    unusual_names();
    initialisation();
    ownership();
}
