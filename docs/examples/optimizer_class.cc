/* SPDX-License-Identifier: MIT */
// A framework whose optimizers are classes over a list of its tensors, as libtorch's are: one more such class.
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <descend/descend.hpp>

namespace framework
{
struct tensor {
    std::vector<float> data, grad; // grad is empty until the first backward pass
};
struct optimizer {
    virtual ~optimizer() = default;
    virtual void step() = 0;
};
} // namespace framework

// Any optimizer of descend as one of the framework's.
class adapter : public framework::optimizer
{
  public:
    adapter(std::vector<framework::tensor *> tensors, descend::config config) : tensors_(std::move(tensors))
    {
        optimizer_ = descend::optimizer::create(config).or_throw();
        for (framework::tensor *tensor : tensors_) {
            const std::string name = "tensor." + std::to_string(optimizer_.tensor_count());
            optimizer_.add(0, name, {tensor->data.data(), nullptr, tensor->data.size()}).or_throw();
        }
    }
    void step() override // all tensors in one parallel pass
    {
        for (std::size_t t = 0; t < tensors_.size(); t++) // a tensor without a gradient is left as it is
            optimizer_.set_grad(t, tensors_[t]->grad.empty() ? nullptr : tensors_[t]->grad.data()).or_throw();
        optimizer_.step({{}, true}).or_throw(); // no scale; sets gradients to 0
    }

  private:
    std::vector<framework::tensor *> tensors_;
    descend::optimizer optimizer_;
};

int main()
{
    framework::tensor weight{std::vector<float>(5000), {}}, bias{std::vector<float>(7), {}};
    descend::config config("adamw");
    config.adamw.lr = 0.01;
    adapter optimizer({&weight, &bias}, config);
    weight.grad.resize(weight.data.size());
    for (int step = 0; step < 500; step++) {
        for (std::size_t i = 0; i < weight.data.size(); i++)
            weight.grad[i] += weight.data[i] - 1; // of (data - 1)^2 / 2
        optimizer.step();
    }
    std::printf("weight[4999] is %.3f, bias[6] without a gradient %.3f\n", weight.data[4999], bias.data[6]);
    return !(weight.data[4999] > 0.9f && weight.data[4999] < 1.1f && bias.data[6] == 0);
}
