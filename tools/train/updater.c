#include "updater.h"

#include <inttypes.h>
#include <stdlib.h>

#include "complain.h"
#include "descend/scaler.h"
#include "descend/schedule.h"

/* The network's tensors come first. Behind them is one without elements, whose gradient is never absent: it counts the
 * steps that are skipped too, and so says, in a checkpoint as well, how far the run is in the order of its batches. */
enum { BATCHES = NETWORK_TENSORS, TENSORS };

static descend_status add_tensors(struct updater *made)
{
    descend_tensor tensors[TENSORS];
    network_tensors(made->net, made->copy, tensors);
    tensors[BATCHES] = (descend_tensor){
        .name = "batches", .param = {made->net->param, DESCEND_F32}, .grad = {made->net->grad, DESCEND_F32}};
    return descend_optimizer_add(made->optimizer, 0, tensors, TENSORS);
}

bool updater_open(struct updater *made, const struct options *chosen, const struct named_config *trained,
                  const struct network *net, uint64_t schedule_steps)
{
    *made = (struct updater){.chosen = chosen, .trained = trained, .net = net, .schedule_steps = schedule_steps};
    const descend_config config = options_config(chosen, trained);
    descend_status status = DESCEND_NO_MEMORY;
    if (chosen->bf16_copy)
        made->copy = calloc(net->parameters, sizeof *made->copy);
    if (made->copy || !chosen->bf16_copy)
        status = descend_optimizer_create(&made->optimizer, &config);
    if (status == DESCEND_OK)
        status = add_tensors(made);
    if (status != DESCEND_OK)
        complain("%s: %s", trained->name, descend_status_string(status));
    return status == DESCEND_OK;
}

void updater_close(struct updater *made)
{
    descend_optimizer_destroy(made->optimizer);
    free(made->copy);
    *made = (struct updater){0};
}

static uint64_t steps_of(const struct updater *made, size_t number)
{
    descend_tensor tensor;
    return descend_optimizer_tensor(made->optimizer, number, &tensor, NULL) == DESCEND_OK ? tensor.step : 0;
}

uint64_t updater_steps(const struct updater *made)
{
    return steps_of(made, BATCHES);
}

uint64_t updater_skipped(const struct updater *made)
{
    return steps_of(made, BATCHES) - steps_of(made, 0);
}

static double rate(const struct updater *made, uint64_t step)
{
    const uint64_t warmup = made->chosen->warmup;
    double lr = options_lr(made->chosen, made->trained);
    if (made->chosen->schedule == SCHEDULE_COSINE)
        lr = descend_schedule_cosine(lr, made->schedule_steps, 0, step);
    else if (made->chosen->schedule == SCHEDULE_LINEAR)
        lr = descend_schedule_polynomial(lr, made->schedule_steps, 1, step);
    /* From the first of warmup + 1 equal parts. */
    return warmup > 0 ? descend_schedule_warmup(lr, 1 / ((double)warmup + 1), warmup, step) : lr;
}

/* A step of the batches alone: gradients that are absent leave parameters, states and their step counts as they are. */
static descend_status skip(struct updater *made, const descend_exec *exec)
{
    descend_tensor tensors[NETWORK_TENSORS];
    network_tensors(made->net, NULL, tensors);
    descend_status status = DESCEND_OK;
    for (size_t i = 0; i < NETWORK_TENSORS && status == DESCEND_OK; i++)
        status = descend_optimizer_set_grad(made->optimizer, i, NULL);
    if (status == DESCEND_OK)
        status = descend_optimizer_step(made->optimizer, NULL, exec);
    for (size_t i = 0; i < NETWORK_TENSORS && status == DESCEND_OK; i++)
        status = descend_optimizer_set_grad(made->optimizer, i, tensors[i].grad.data);
    return status;
}

static descend_status step(struct updater *made, uint64_t number)
{
    const descend_exec exec = {.threads = made->chosen->threads};
    const double max_norm = made->chosen->clip;
    descend_pass pass = {0};
    descend_status status = descend_optimizer_set_lr(made->optimizer, 0, rate(made, number));
    if (status == DESCEND_OK && max_norm > 0) {
        descend_measurement found = {0};
        status = descend_optimizer_measure(made->optimizer, &exec, &found);
        if (status == DESCEND_OK && !found.finite)
            return skip(made, &exec);
        pass.grad_scale = descend_clip_coefficient(max_norm, found.norm);
    }
    if (status == DESCEND_OK)
        status = descend_optimizer_step(made->optimizer, &pass, &exec);
    made->stepped = made->stepped || status == DESCEND_OK;
    return status;
}

bool updater_step(struct updater *made)
{
    const uint64_t number = updater_steps(made) + 1;
    const descend_status status = step(made, number);
    if (status != DESCEND_OK)
        complain("%s, step %" PRIu64 ": %s", made->trained->name, number, descend_status_string(status));
    return status == DESCEND_OK;
}

size_t updater_bytes(const struct options *chosen, const struct named_config *trained)
{
    const descend_kind kind = trained->config.kind;
    const unsigned used = descend_config_states(&trained->config);
    size_t bytes = 3 * sizeof(float); /* the parameter is read and written, the gradient read */
    for (size_t i = 0; i < descend_kind_state_count(kind); i++)
        if (used >> i & 1 && !descend_kind_state(kind, i)->scalar)
            bytes += 2 * sizeof(float);
    const size_t measured = chosen->clip > 0 ? sizeof(float) : 0; /* the gradient is read once more */
    return bytes + measured + (chosen->bf16_copy ? sizeof(uint16_t) : 0);
}
