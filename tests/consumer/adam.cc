/* SPDX-License-Identifier: MIT */
// What a C++17 program does with the library: AdamW on a small problem with a known answer, then Adam on fixed data.
#include "fixed_data.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

int main()
{
    const std::vector<float> target{-2, -1, 0, 1, 2, 3};
    const std::size_t n = target.size();
    std::vector<float> param(n), grad(n), exp_avg(n), exp_avg_sq(n), max_exp_avg_sq(n);
    descend_adamw config = descend_adamw_defaults();
    config.lr = 0.05;
    config.weight_decay = 0;
    config.amsgrad = true;
    descend_exec exec{};
    exec.threads = 1;
    for (std::uint64_t step = 1; step <= 2000; step++) {
        for (std::size_t i = 0; i < n; i++)
            grad[i] = param[i] - target[i];
        check(descend_adamw_step(&config, step, param.data(), grad.data(), exp_avg.data(), exp_avg_sq.data(),
                                 max_exp_avg_sq.data(), n, &exec));
    }
    for (std::size_t i = 0; i < n; i++)
        if (!(std::fabs(param[i] - target[i]) < 1e-3f)) {
            std::fprintf(stderr, "param[%zu] is %g\n", i, static_cast<double>(param[i]));
            return 1;
        }
    print_bits();
    return 0;
}
