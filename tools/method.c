#include "method.h"

#include <string.h>

/*
 * One row each: its name, the optimizer, its learning rate, the bytes that a step moves per parameter, what it changes
 * in the optimizer's defaults, and the arguments of the step function from the step on.
 *
 * The learning rates of Adam and AdamW are the papers' and PyTorch's; of the others, a round value near the least
 * training loss after 5 epochs. Tried at seeds 1, 2, 3: SGD 0.05 … 0.5, momentum 0.01 … 0.1, RMSprop 3e-4 … 2e-3; at
 * seed 1: Adagrad 0.005 … 0.05, Adadelta 0.3 … 3, Adamax 1e-3 … 4e-3, NAdam and RAdam 5e-4 … 2e-3, Rprop 1e-6 … 1e-3,
 * ASGD 0.1 … 0.4, Lion 5e-5 … 2e-4, LAMB 2e-3 … 2e-2, TensorFlow's RMSprop 3e-4 … 2e-3.
 */
// clang-format off
#define METHOD_ROWS(METHOD) \
    METHOD(sgd, sgd, 0.2, 12, , param, grad, NULL) \
    METHOD(momentum, sgd, 0.05, 20, config.momentum = 0.9, param, grad, state[0]) \
    METHOD(rmsprop, rmsprop, 1e-3, 20, , param, grad, state[0], NULL, NULL) \
    METHOD(adam, adam, 1e-3, 28, , param, grad, state[0], state[1], NULL) \
    METHOD(adamw, adamw, 1e-3, 28, , param, grad, state[0], state[1], NULL) \
    METHOD(adagrad, adagrad, 0.05, 20, , param, grad, state[0]) \
    METHOD(adadelta, adadelta, 1, 28, , param, grad, state[0], state[1]) \
    METHOD(adamax, adamax, 4e-3, 28, , param, grad, state[0], state[1]) \
    METHOD(nadam, nadam, 2e-3, 28, , descend_nadam_mu_product(&config, step, 1), param, grad, state[0], state[1]) \
    METHOD(radam, radam, 2e-3, 28, , param, grad, state[0], state[1]) \
    METHOD(rprop, rprop, 1e-3, 28, , param, grad, state[0], state[1]) \
    METHOD(asgd, asgd, 0.2, 16, , param, grad, state[0]) \
    METHOD(lion, lion, 2e-4, 20, , param, grad, state[0]) \
    METHOD(lamb, lamb, 5e-3, 40, , param, grad, state[0], state[1]) \
    METHOD(rmsprop_tf, rmsprop_tf, 1e-3, 28, , param, grad, state[0], state[1])

#define FUNCTIONS(name, optimizer_, lr_, bytes_, change, ...) \
    static descend_##optimizer_ name##_config(double lr) \
    { \
        descend_##optimizer_ config = descend_##optimizer_##_defaults(); \
        config.lr = lr; \
        change; \
        return config; \
    } \
    static descend_status name##_create(descend_optimizer **optimizer, double lr) \
    { \
        const descend_##optimizer_ config = name##_config(lr); \
        return descend_##optimizer_##_create(optimizer, &config); \
    } \
    static descend_status name##_step(double lr, uint64_t step, float *param, const float *grad, float *const *state, \
                                      size_t n, const descend_exec *exec) \
    { \
        const descend_##optimizer_ config = name##_config(lr); \
        (void)state; \
        return descend_##optimizer_##_step(&config, step, __VA_ARGS__, n, exec); \
    }
METHOD_ROWS(FUNCTIONS)

#define ROW(name_, optimizer, lr_, bytes_, change, ...) \
    {.name = #name_, .lr = lr_, .bytes = bytes_, .create = name_##_create, .step = name_##_step},
const struct method method_table[] = {METHOD_ROWS(ROW)};
// clang-format on
_Static_assert(sizeof method_table / sizeof *method_table == METHODS, "METHODS is not the number of rows");

const struct method *method_find(const char *name, size_t length)
{
    for (size_t i = 0; i < METHODS; i++)
        if (strlen(method_table[i].name) == length && memcmp(method_table[i].name, name, length) == 0)
            return &method_table[i];
    return NULL;
}
