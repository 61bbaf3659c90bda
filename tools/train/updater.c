/* SPDX-License-Identifier: MIT */
#include "updater.h"

#include <inttypes.h>
#include <stdlib.h>

#include "complain.h"
#include "descend/scaler.h"
#include "descend/schedule.h"

/* The optimizer's tensors: the network's, then one without elements. Its gradient is never absent, so it also counts
 * the skipped steps. Its step count, which checkpoints keep, tells how many batches the run has seen. */
enum { BATCHES = NETWORK_TENSORS, TENSORS };

/* Reports a status that is an error. The rank that has one of its own does so. */
static bool passed(const struct updater *updater, descend_status status)
{
    if (status != DESCEND_OK && status != DESCEND_MPI_PEER)
        complain("%s: %s", updater->trained->name, descend_status_string(status));
    return status == DESCEND_OK;
}

/* What of the updater is this process's own, without the optimizer's tensors. */
static descend_status prepare(struct updater *updater, const struct network *net, descend_optimizer **groups)
{
    const struct options *options = updater->options;
    const descend_config config = options_config(options, updater->trained);
    const bool stored = stored_open(&updater->stored, options->storage, net);
    if (options->bf16_copy)
        updater->copy = calloc(net->parameters, sizeof *updater->copy);
    if (!stored || (options->bf16_copy && !updater->copy))
        return DESCEND_NO_MEMORY;
    const descend_status status = descend_optimizer_create(groups, &config);
    return status == DESCEND_OK ? descend_optimizer_set_seed(*groups, options->seed) : status;
}

bool updater_open(struct updater *updater, const struct options *options, const struct named_config *trained,
                  const struct network *net, uint64_t schedule_steps)
{
    *updater = (struct updater){.options = options, .trained = trained, .schedule_steps = schedule_steps};
    descend_optimizer *groups = NULL;
    if (!ranks_agree(passed(updater, prepare(updater, net, &groups)))) {
        descend_optimizer_destroy(groups);
        return false;
    }
    descend_tensor tensors[TENSORS];
    stored_tensors(&updater->stored, trained->config.kind, updater->copy, tensors);
    tensors[BATCHES] =
        (descend_tensor){.name = "batches", .param = updater->stored.param, .grad = updater->stored.grad};
    return passed(updater, joint_open(&updater->joint, groups, tensors, TENSORS, options_micro_batches(options),
                                      options->threads));
}

void updater_close(struct updater *updater)
{
    joint_close(&updater->joint);
    stored_close(&updater->stored);
    free(updater->copy);
    *updater = (struct updater){0};
}

static uint64_t steps_of(const struct updater *updater, size_t number)
{
    descend_tensor tensor;
    return descend_optimizer_tensor(updater->joint.optimizer, number, &tensor, NULL) == DESCEND_OK ? tensor.step : 0;
}

uint64_t updater_steps(const struct updater *updater)
{
    return steps_of(updater, BATCHES);
}

uint64_t updater_skipped(const struct updater *updater)
{
    return steps_of(updater, BATCHES) - steps_of(updater, 0);
}

static double rate(const struct updater *updater, uint64_t step)
{
    const uint64_t warmup = updater->options->warmup;
    double lr = options_lr(updater->options, updater->trained);
    if (updater->options->schedule == SCHEDULE_COSINE)
        lr = descend_schedule_cosine(lr, updater->schedule_steps, 0, step);
    else if (updater->options->schedule == SCHEDULE_LINEAR)
        lr = descend_schedule_polynomial(lr, updater->schedule_steps, 1, step);
    /* Rises in warmup + 1 equal parts, of which the first step has one. */
    return warmup > 0 ? descend_schedule_warmup(lr, 1 / ((double)warmup + 1), warmup, step) : lr;
}

/* Counts a batch without a step: where gradients are absent, parameters, states and step counts stay as they are. */
static descend_status skip(struct updater *updater, const descend_exec *exec)
{
    struct joint *joint = &updater->joint;
    descend_tensor tensors[NETWORK_TENSORS];
    stored_tensors(&updater->stored, updater->trained->config.kind, NULL, tensors);
    descend_status status = DESCEND_OK;
    for (size_t i = 0; i < NETWORK_TENSORS && status == DESCEND_OK; i++)
        status = joint_set_grad(joint, i, NULL);
    /* Each reduction waits for its micro-batches. */
    for (unsigned i = 0; i < joint->micro_batches && status == DESCEND_OK; i++)
        status = joint_accumulate(joint);
    if (status == DESCEND_OK)
        status = joint_reduce(joint);
    if (status == DESCEND_OK)
        status = joint_step(joint, NULL, exec);
    for (size_t i = 0; i < NETWORK_TENSORS && status == DESCEND_OK; i++)
        status = joint_set_grad(joint, i, tensors[i].grad.data);
    return status;
}

static descend_status step(struct updater *updater, uint64_t number)
{
    const descend_exec exec = {.threads = updater->options->threads};
    const double max_norm = updater->options->clip;
    double coefficient = 1;
    const descend_pass pass = {.grad_scale = &coefficient};
    descend_status status = descend_optimizer_set_lr(updater->joint.optimizer, 0, rate(updater, number));
    if (status == DESCEND_OK)
        status = joint_reduce(&updater->joint);
    if (status == DESCEND_OK && max_norm > 0) {
        descend_measurement found = {0};
        status = joint_measure(&updater->joint, &exec, &found);
        if (status == DESCEND_OK && !found.finite)
            return skip(updater, &exec);
        coefficient = descend_clip_coefficient(max_norm, found.norm);
    }
    if (status == DESCEND_OK)
        status = joint_step(&updater->joint, &pass, &exec);
    updater->stepped = updater->stepped || status == DESCEND_OK;
    return status;
}

bool updater_accumulate(struct updater *updater)
{
    return passed(updater, joint_accumulate(&updater->joint));
}

bool updater_step(struct updater *updater)
{
    const uint64_t number = updater_steps(updater) + 1;
    const descend_status status = step(updater, number);
    if (status != DESCEND_OK && status != DESCEND_MPI_PEER)
        complain("%s, step %" PRIu64 ": %s", updater->trained->name, number, descend_status_string(status));
    return status == DESCEND_OK;
}

double updater_bytes(const struct options *options, const struct named_config *trained)
{
    const struct storage_bytes bytes = storage_bytes(options->storage, &trained->config);
    const double measured = options->clip > 0 ? bytes.grad : 0; /* the gradient is read once more */
    const double copied = options->bf16_copy ? 2 : 0;
    return 2 * bytes.param + bytes.grad + 2 * bytes.states + measured + copied;
}
