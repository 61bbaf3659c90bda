/* SPDX-License-Identifier: MIT */
// A C++17 trainer over the optimizer object: two tensors, a schedule, and a checkpoint to go on from.
#include <descend/checkpoint.h>
#include <descend/schedule.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

struct destroy {
    void operator()(descend_optimizer *optimizer) const
    {
        descend_optimizer_destroy(optimizer);
    }
};

static void must(descend_status status)
{
    if (status == DESCEND_OK)
        return;
    std::fprintf(stderr, "descend: %s\n", descend_status_string(status));
    std::exit(1);
}

struct trainer {
    std::vector<float> weight, bias, weight_grad, bias_grad;
    std::unique_ptr<descend_optimizer, destroy> optimizer;

    trainer() : weight(5000, 4), bias(7, 4), weight_grad(weight.size()), bias_grad(bias.size())
    {
        descend_optimizer *made = nullptr;
        const descend_config config = descend_config_defaults(DESCEND_ADAMW);
        must(descend_optimizer_create(&made, &config));
        optimizer.reset(made);
        descend_tensor tensors[2] = {};
        tensors[0].name = "weight";
        tensors[0].n = weight.size();
        tensors[0].param.data = weight.data();
        tensors[0].grad.data = weight_grad.data();
        tensors[1].name = "bias";
        tensors[1].n = bias.size();
        tensors[1].param.data = bias.data();
        tensors[1].grad.data = bias_grad.data();
        must(descend_optimizer_add(made, 0, tensors, 2));
    }

    void train(std::uint64_t from, std::uint64_t to)
    {
        for (std::uint64_t step = from; step <= to; step++) {
            for (std::size_t i = 0; i < weight.size(); i++)
                weight_grad[i] = weight[i] - 1;
            for (std::size_t i = 0; i < bias.size(); i++)
                bias_grad[i] = bias[i] + 1;
            must(descend_optimizer_set_lr(optimizer.get(), 0, descend_schedule_cosine(0.05, 400, 0, step)));
            must(descend_optimizer_step(optimizer.get(), nullptr, nullptr));
        }
    }
};

int main(int argc, char **argv)
{
    const std::string path = std::string(argc > 0 ? argv[0] : "trainer") + ".safetensors";
    descend_checkpoint with{};
    with.params = true;
    trainer whole, first, second;
    whole.train(1, 400);
    first.train(1, 150);
    must(descend_optimizer_save(first.optimizer.get(), path.c_str(), &with));
    must(descend_optimizer_load(second.optimizer.get(), path.c_str(), &with));
    second.train(151, 400);
    if (second.weight != whole.weight || second.bias != whole.bias) {
        std::fprintf(stderr, "the resumed run has gone another way\n");
        return 1;
    }
    if (!(std::fabs(whole.weight[0] - 1) < 0.2f) || !(std::fabs(whole.bias[6] + 1) < 0.2f)) {
        std::fprintf(stderr, "weight %g, bias %g\n", static_cast<double>(whole.weight[0]),
                     static_cast<double>(whole.bias[6]));
        return 1;
    }
    return 0;
}
