#include "training.h"

#include "array.h"
#include "complain.h"
#include "median.h"
#include "random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A median of so many is as good as one of all, however long the run. */
enum { ORDER_STREAM = 2, TIMED_STEPS = 1 << 16 };

bool training_open(training *run, const options *chosen, const dataset *train, const dataset *test, network *net)
{
    *run = (training){.chosen = chosen, .train = train, .test = test, .net = net};
    bool good = true;
    for (size_t i = 0; i < METHOD_STATES; i++) {
        run->state[i] = array_create(net->parameters);
        good = good && run->state[i];
    }
    run->order = malloc(train->count * sizeof *run->order);
    run->samples = malloc(TIMED_STEPS * sizeof *run->samples);
    if (!good || !run->order || !run->samples) {
        complain("out of memory for the optimizer's state");
        return false;
    }
    return report_open(&run->shown, chosen->csv);
}

bool training_close(training *run)
{
    for (size_t i = 0; i < METHOD_STATES; i++)
        free(run->state[i]);
    free(run->order);
    free(run->samples);
    return report_close(&run->shown);
}

/* Everything from which all methods start alike. */
static random_stream start(training *run)
{
    const uint64_t seed = run->chosen->seed;
    network_init(run->net, seed);
    for (size_t i = 0; i < METHOD_STATES; i++)
        memset(run->state[i], 0, run->net->parameters * sizeof(float));
    for (uint32_t i = 0; i < run->train->count; i++)
        run->order[i] = i;
    return random_start(seed, ORDER_STREAM);
}

typedef struct times {
    double update, step; /* seconds, summed */
} times;

static bool train_step(training *run, const method *trained, uint64_t step, const uint32_t *rows, size_t count,
                       double *loss, times *sum)
{
    network *net = run->net;
    const descend_exec exec = {.threads = run->chosen->threads};
    const double lr = options_lr(run->chosen, trained);

    const double begin = clock_seconds();
    *loss = network_backward(net, run->train, rows, count);
    const double between = clock_seconds();
    const descend_status status = trained->step(lr, step, net->param, net->grad, run->state, net->parameters, &exec);
    const double end = clock_seconds();

    if (status != DESCEND_OK) {
        complain("%s, step %" PRIu64 ": %s", trained->name, step, descend_status_string(status));
        return false;
    }
    run->samples[(step - 1) % TIMED_STEPS] = end - between;
    sum->update += end - between;
    sum->step += end - begin;
    return true;
}

/* row->step is the number of steps done before; the caller has shuffled the order. */
static bool train_epoch(training *run, report_row *row, times *sum)
{
    double loss_sum = 0.0;
    const uint32_t images = run->train->count, batch = run->chosen->batch;
    for (uint32_t first = 0, count; first < images; first += count) {
        count = images - first < batch ? images - first : batch;
        row->step++;
        if (!train_step(run, row->trained, row->step, run->order + first, count, &row->loss, sum))
            return false;
        loss_sum += row->loss * count;
        row->mean_loss = loss_sum / (first + count);
        row->epoch_end = first + count == images;
        if (row->epoch_end)
            row->accuracy = network_evaluate(run->net, run->test).accuracy;
        if (!report_step(&run->shown, row))
            return false;
    }
    return true;
}

bool training_run(training *run, const method *trained, training_result *result)
{
    const uint64_t epoch_steps = ((uint64_t)run->train->count + run->chosen->batch - 1) / run->chosen->batch;
    report_row row = {.trained = trained, .epochs = run->chosen->epochs, .steps = run->chosen->epochs * epoch_steps};
    times sum = {0};
    random_stream stream = start(run);
    for (row.epoch = 1; row.epoch <= row.epochs; row.epoch++) {
        random_shuffle(&stream, run->order, run->train->count);
        if (!train_epoch(run, &row, &sum))
            return false;
    }
    const size_t samples = row.steps < TIMED_STEPS ? (size_t)row.steps : TIMED_STEPS;
    *result = (training_result){.loss = network_evaluate(run->net, run->train).loss,
                                .accuracy = row.accuracy,
                                .update = median(run->samples, samples),
                                .share = sum.update / sum.step};
    return true;
}
