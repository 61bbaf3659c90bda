/* SPDX-License-Identifier: MIT */
/* A trainer with a list of tensors that calls an update for each, with any optimizer: tensor_by_tensor [NAME]. */
#include <stdio.h>
#include <stdlib.h>

#include <descend/config.h>

typedef struct tensor {
    size_t n;
    float *data, *grad, *state[4];
    uint64_t steps;
} tensor;

static void *floats(size_t n)
{
    void *made = calloc(n, sizeof(float));
    if (!made)
        exit(1);
    return made;
}

/* States are arrays of n floats, or a single float where the optimizer keeps one number for each tensor. */
static tensor tensor_new(const descend_config *config, size_t n)
{
    tensor made = {.n = n, .data = floats(n), .grad = floats(n)};
    for (size_t k = 0; k < descend_kind_state_count(config->kind); k++) {
        const size_t length = descend_kind_state(config->kind, k)->scalar ? 1 : n;
        made.state[k] = floats(length);
        for (size_t i = 0; i < length; i++)
            made.state[k][i] = descend_config_initial(config, k);
    }
    return made;
}

static descend_status tensor_step(tensor *of, const descend_config *config)
{
    of->steps++;
    for (size_t k = 0; k < descend_kind_state_count(config->kind); k++)
        if (descend_kind_state(config->kind, k)->scalar)
            *of->state[k] = descend_config_advance(config, of->steps, *of->state[k]);
    return descend_step(config, of->steps, of->data, of->grad, of->state, of->n, NULL);
}

int main(int argc, char **argv)
{
    descend_config config = descend_config_defaults(descend_kind_find(argc > 1 ? argv[1] : "adam"));
    descend_status status = descend_config_set(&config, "lr", 0.02);
    static tensor tensors[3];
    for (int t = 0; t < 3; t++)
        tensors[t] = tensor_new(&config, t ? (size_t)t : 50000);
    for (int step = 0; step < 200 && status == DESCEND_OK; step++)
        for (int t = 0; t < 3 && status == DESCEND_OK; t++) {
            for (size_t i = 0; i < tensors[t].n; i++)
                tensors[t].grad[i] = tensors[t].data[i] - 1; /* of (data - 1)^2 / 2 */
            status = tensor_step(&tensors[t], &config);
        }
    const float last = tensors[0].data[49999];
    printf("%s: data[49999] of the first tensor is %.3f\n", descend_status_string(status), (double)last);
    return status != DESCEND_OK || !(last > 0.5f && last < 1.5f);
}
