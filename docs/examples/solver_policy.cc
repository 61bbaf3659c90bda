/* SPDX-License-Identifier: MIT */
// Solvers that take the optimizer as a policy object: ensmallen's calls Update(iterate, stepSize, gradient), dlib's
// calls the policy for a delta, which the trainer adds to the parameters itself.
#include <cstdint>
#include <cstdio>
#include <vector>

#include <descend/descend.hpp>

using vector = std::vector<float>; // in ensmallen an arma::fmat, in dlib a tensor

struct adam_policy {
    vector m, v, delta;
    std::uint64_t t = 0;
    descend::config config{DESCEND_ADAM};

    void Initialize(std::size_t n)
    {
        m.assign(n, 0);
        v.assign(n, 0);
        delta.assign(n, 0);
        t = 0;
    }
    // As in ensmallen: moves the iterate.
    void Update(vector &iterate, double stepSize, const vector &gradient)
    {
        config.adam.lr = stepSize;
        descend::step(config, ++t, iterate.data(), gradient.data(), {m.data(), v.data()}, iterate.size()).or_throw();
    }
    // As in dlib: leaves the parameters alone, and returns what is to be added to them.
    const vector &operator()(double learning_rate, const vector &params, const vector &params_grad)
    {
        config.adam.lr = learning_rate;
        descend::step_delta(config, ++t, params.data(), params_grad.data(), {m.data(), v.data()}, delta.data(),
                            params.size())
            .or_throw();
        return delta;
    }
};

int main()
{
    const std::size_t n = 2000;
    vector moved(n, 2), added(n, 2), gradient(n);
    adam_policy update, solver;
    update.Initialize(n);
    solver.Initialize(n);
    for (int iteration = 0; iteration < 300; iteration++) {
        for (std::size_t i = 0; i < n; i++)
            gradient[i] = moved[i] - 3; // of (moved - 3)^2 / 2
        update.Update(moved, 0.01, gradient);
        const vector &delta = solver(0.01, added, gradient);
        for (std::size_t i = 0; i < n; i++)
            added[i] += delta[i]; // exact here: a parameter changes by less than half of itself
    }
    std::printf("moved to %.3f, added up to %.3f\n", moved[0], added[0]);
    return !(moved[0] > 2.9f && moved[0] < 3.1f && moved == added);
}
