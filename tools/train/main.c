/* SPDX-License-Identifier: MIT */
/*
 * descend-train: trains one network on Fashion-MNIST with each of descend's optimizers in turn, from the same initial
 * weights and with the same batches, and compares what they reach and what their updates cost.
 */
#include <cblas.h>
#include <inttypes.h>
#include <stdio.h>

#include "idx.h"
#include "network.h"
#include "options.h"
#include "ranks.h"
#include "training.h"

enum { EVALUATION_BATCH = 500 };

static void print_head(const struct options *options, const struct dataset *train, const struct dataset *test,
                       const struct network *net)
{
    printf("descend %s (%s), network %zu-%zu-%zu with %zu parameters, %" PRIu32 " training and %" PRIu32
           " test images, batch %" PRIu32 ", seed %" PRIu64 ", storage %s\n",
           descend_version_string(), descend_isa_active(), net->inputs, net->hidden, net->outputs, net->parameters,
           train->count, test->count, options->batch, options->seed, options->storage->name);
    fflush(stdout);
}

static void print_row(const struct options *options, const struct named_config *trained,
                      const struct training_result *result, size_t parameters)
{
    const double moved = updater_bytes(options, trained) * (double)parameters;
    const struct storage_bytes held = storage_bytes(options->storage, &trained->config);
    printf("%-10s  %6g  %#10.4g  %11.2f %%", trained->name, options_lr(options, trained), result->loss,
           100 * result->accuracy);
    if (options->bf16_copy)
        printf("  %11.2f %%", 100 * result->copy_accuracy);
    printf("  %8.1f us  %6.1f  %11.1f %%  %6.2f\n", 1e6 * result->update, moved / result->update * 1e-9,
           100 * result->share, held.param + held.grad + held.states);
}

static void print_table(const struct options *options, const struct training_result *results, size_t parameters)
{
    printf("\n%-10s  %6s  %10s  %13s%s  %11s  %6s  %13s  %6s\n", "optimizer", "lr", "train loss", "test accuracy",
           options->bf16_copy ? "  bfloat16 copy" : "", "update/step", "GB/s", "share of step", "bytes");
    for (size_t i = 0; i < options->optimizer_count; i++) {
        const struct named_config *trained = options->optimizers[i];
        if (results[i].diverged)
            printf("%-10s  %6g  diverged at step %" PRIu64 "\n", trained->name, options_lr(options, trained),
                   results[i].step);
        else
            print_row(options, trained, &results[i], parameters);
    }
    puts("\ntrain loss: of all training images, with the final weights. update/step: median.\n"
         "GB/s: all arrays read, and all but the gradient written, by that time. share: of all steps' time.\n"
         "bytes: of a parameter, its gradient and its states.");
    if (options->bf16_copy)
        puts("bfloat16 copy: test accuracy with the copy that the last step wrote of the weights.");
    for (size_t i = 0; i < options->optimizer_count; i++)
        if (results[i].skipped > 0)
            printf("%s: %" PRIu64 " steps skipped, their gradients were not finite\n", options->optimizers[i]->name,
                   results[i].skipped);
}

static bool train_all(const struct options *options, const struct dataset *train, const struct dataset *test,
                      struct network *net)
{
    struct training run;
    struct training_result results[NAMED_CONFIGS_MAX] = {{0}};
    bool good = ranks_agree(training_open(&run, options, train, test, net));
    if (good)
        print_head(options, train, test, net);
    for (size_t i = 0; good && i < options->optimizer_count; i++)
        good = training_run(&run, options->optimizers[i], &results[i]);
    /* The table is printed last, and only if the CSV has been written completely. */
    good = ranks_agree(training_close(&run) && good);
    if (good)
        print_table(options, results, net->parameters);
    for (size_t i = 0; i < options->optimizer_count; i++)
        good = good && !results[i].diverged;
    return good;
}

static bool load_and_train(const struct options *options)
{
    struct dataset train = {0}, test = {0};
    struct network net = {0};
    bool good = dataset_load(options->data, "train", &train) && dataset_load(options->data, "t10k", &test);
    if (good && (train.rows != test.rows || train.columns != test.columns)) {
        complain("%s: training images of %" PRIu32 " x %" PRIu32 " pixels, test images of %" PRIu32 " x %" PRIu32,
                 options->data, train.rows, train.columns, test.rows, test.columns);
        good = false;
    }
    if (good) {
        size_t capacity = options->batch < train.count ? options->batch : train.count;
        if (capacity < EVALUATION_BATCH)
            capacity = EVALUATION_BATCH;
        good = network_create(&net, (size_t)train.rows * train.columns, options->hidden, capacity);
    }
    good = ranks_agree(good) && train_all(options, &train, &test, &net);
    network_free(&net);
    dataset_free(&train);
    dataset_free(&test);
    return good;
}

static enum command_status run(int argc, char **argv)
{
    struct options options;
    enum command_status status;
    const bool trains = options_read(&options, argc, argv, &status);
    if (!ranks_agree(status == COMMAND_DONE))
        return status == COMMAND_DONE ? COMMAND_WRONG : status; /* the other rank has complained */
    if (trains) {
        /* On one thread OpenBLAS gives the same bits each time, which resumed runs rely on. On more its bits depend on
         * their number, and a seed's run is not to depend on how many processors there are. (It does depend on their
         * model: OpenBLAS has kernels for each.) --threads is for the optimizer's update alone. */
        openblas_set_num_threads(1);
        if (!load_and_train(&options))
            return COMMAND_FAILED;
    }
    return command_finish(COMMAND_DONE);
}

int main(int argc, char **argv)
{
    ranks_begin();
    const enum command_status status = run(argc, argv);
    ranks_end();
    return (int)status;
}
