/* SPDX-License-Identifier: MIT */
/* The optimizer object: weight decay for the weights and none for the biases, a learning rate that falls for the
 * weights, gradients clipped by their norm and set to 0 in the pass of the update, and a checkpoint at the end. */
#include <stdio.h>

#include <descend/checkpoint.h>
#include <descend/schedule.h>

enum { WEIGHTS = 5000, BIASES = 10, STEPS = 300 };
static float weight[WEIGHTS], weight_grad[WEIGHTS], bias[BIASES], bias_grad[BIASES];

static void backward(void)
{
    for (int i = 0; i < WEIGHTS; i++)
        weight_grad[i] += weight[i] - 1;
    for (int i = 0; i < BIASES; i++)
        bias_grad[i] += bias[i] - 2;
}

static descend_status train(descend_optimizer *optimizer, uint64_t step)
{
    descend_measurement found;
    backward();
    descend_status status = descend_optimizer_measure(optimizer, NULL, &found);
    if (status != DESCEND_OK)
        return status;
    if (!found.finite)
        return descend_optimizer_zero_grad(optimizer, NULL); /* skips the step */
    const double coefficient = descend_clip_coefficient(1.0, found.norm);
    const descend_pass pass = {.grad_scale = &coefficient, .zero_grad = true};
    status = descend_optimizer_set_lr(optimizer, 0, descend_schedule_cosine(0.05, STEPS, 0, step));
    return status == DESCEND_OK ? descend_optimizer_step(optimizer, &pass, NULL) : status;
}

int main(int argc, char **argv)
{
    const descend_tensor weights = {
        .name = "weight", .n = WEIGHTS, .param = {.data = weight}, .grad = {.data = weight_grad}};
    const descend_tensor biases = {.name = "bias", .n = BIASES, .param = {.data = bias}, .grad = {.data = bias_grad}};
    descend_optimizer *optimizer = NULL;
    unsigned undecayed = 0;
    descend_config config = descend_config_defaults(DESCEND_ADAMW);
    descend_status status = descend_optimizer_create(&optimizer, &config); /* group 0 */
    config.adamw.weight_decay = 0;
    if (status == DESCEND_OK)
        status = descend_optimizer_group(optimizer, &config, &undecayed); /* group 1 */
    if (status == DESCEND_OK)
        status = descend_optimizer_add(optimizer, 0, &weights, 1);
    if (status == DESCEND_OK)
        status = descend_optimizer_add(optimizer, undecayed, &biases, 1);
    for (uint64_t step = 1; step <= STEPS && status == DESCEND_OK; step++)
        status = train(optimizer, step);
    const descend_checkpoint with = {.params = true};
    if (status == DESCEND_OK)
        status = descend_optimizer_save(optimizer, argc > 1 ? argv[1] : "groups.safetensors", &with);
    descend_optimizer_destroy(optimizer);
    printf("%s; weight[0] is %.3f\n", descend_status_string(status), (double)weight[0]);
    return status != DESCEND_OK || !(weight[0] > 0.9f && weight[0] < 1.1f);
}
