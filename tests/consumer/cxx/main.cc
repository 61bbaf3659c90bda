/* SPDX-License-Identifier: MIT */
// descend.hpp beside the C functions: the same bits, and each kind of refusal. Built as C++17 and C++20, with
// exceptions and without.
#include <descend/descend.hpp>

#include <string>

#include "checks.hpp"

static void schedules()
{
    namespace schedule = descend::schedule;
    for (std::uint64_t step = 1; step < 20; step += 6) {
        descend_one_cycle options = descend_one_cycle_defaults();
        CHECK(schedule::constant(1, 0.5, 9, step) == descend_schedule_constant(1, 0.5, 9, step));
        CHECK(schedule::warmup(1, 0.5, 9, step) == descend_schedule_warmup(1, 0.5, 9, step));
        CHECK(schedule::cosine(1, 30, 0.1, step) == descend_schedule_cosine(1, 30, 0.1, step));
        CHECK(schedule::step_decay(1, 3, 0.5, step) == descend_schedule_step_decay(1, 3, 0.5, step));
        CHECK(schedule::exponential(1, 0.5, step) == descend_schedule_exponential(1, 0.5, step));
        CHECK(schedule::polynomial(1, 30, 2, step) == descend_schedule_polynomial(1, 30, 2, step));
        CHECK(schedule::one_cycle(1, 30, step) == descend_schedule_one_cycle(1, 30, &options, step));
        options.div_factor = 3;
        CHECK(schedule::one_cycle(1, 30, step, options) == descend_schedule_one_cycle(1, 30, &options, step));
    }
}

#ifdef __cpp_exceptions
static void exceptions()
{
    descend::config config("adam");
    config.set("lr", 0.5).or_throw();
    CHECK(config.get("lr").or_throw() == 0.5 && descend::optimizer::create(config).or_throw().get());
    int caught = 0;
    try {
        config.set("beta1", 1).or_throw();
    } catch (const descend::error &error) {
        caught += error.code() == DESCEND_BAD_BETA1 &&
                  std::strcmp(error.what(), descend_status_string(DESCEND_BAD_BETA1)) == 0;
    }
    try {
        (void)config.get("momentum").or_throw();
    } catch (const std::exception &error) {
        caught += std::strcmp(error.what(), descend_status_string(DESCEND_BAD_FIELD)) == 0;
    }
    CHECK(caught == 2 && config.adam.beta1 == 0.9);
}
#endif

int main(int argc, char **argv)
{
    flat_steps();
    names();
    objects((std::string(argc > 0 ? argv[0] : "main") + ".safetensors").c_str());
    schedules();
#ifdef __cpp_exceptions
    exceptions();
#endif
    return failures != 0;
}
