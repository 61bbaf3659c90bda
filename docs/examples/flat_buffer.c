/* SPDX-License-Identifier: MIT */
/* A trainer that keeps all parameters in one buffer, as llm.c does: one call is the step of the whole model. */
#include <stdio.h>
#include <stdlib.h>

#include <descend/descend.h>

typedef struct gpt {
    size_t num_parameters;
    float *params_memory, *grads_memory, *m_memory, *v_memory;
} gpt;

/* In llm.c this is gpt2_update, whose body is AdamW's loop. Numbers are doubles: 0.999f is not 0.999. */
static descend_status gpt_update(gpt *model, double lr, double weight_decay, uint64_t t)
{
    descend_adamw config = descend_adamw_defaults(); /* beta1 0.9, beta2 0.999, eps 1e-8 */
    config.lr = lr;
    config.weight_decay = weight_decay;
    return descend_adamw_step(&config, t, model->params_memory, model->grads_memory, model->m_memory, model->v_memory,
                              NULL, model->num_parameters, NULL);
}

/* Instead of a network: a loss whose minimum is at parameters that are 0, 1, 2, 0, 1, 2 … */
static float target(size_t i)
{
    return (float)(i % 3);
}

static void gpt_backward(gpt *model)
{
    for (size_t i = 0; i < model->num_parameters; i++)
        model->grads_memory[i] = model->params_memory[i] - target(i);
}

int main(void)
{
    gpt model = {.num_parameters = 100000};
    /* One block: parameters, gradients, and the two moments, which start at 0. */
    float *memory = calloc(4 * model.num_parameters, sizeof(float));
    if (!memory)
        return 1;
    model.params_memory = memory;
    model.grads_memory = memory + model.num_parameters;
    model.m_memory = memory + 2 * model.num_parameters;
    model.v_memory = memory + 3 * model.num_parameters;
    descend_status status = DESCEND_OK;
    for (uint64_t step = 1; step <= 400 && status == DESCEND_OK; step++) {
        gpt_backward(&model);
        status = gpt_update(&model, 0.05, 0, step);
    }
    size_t wrong = 0;
    for (size_t i = 0; i < model.num_parameters; i++) {
        const float error = model.params_memory[i] - target(i);
        wrong += !(error > -0.01f && error < 0.01f);
    }
    printf("%s; %zu of %zu parameters are wrong\n", descend_status_string(status), wrong, model.num_parameters);
    free(memory);
    return status != DESCEND_OK || wrong > 0;
}
