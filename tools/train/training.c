/* SPDX-License-Identifier: MIT */
#include "training.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "checkpoint.h"
#include "complain.h"
#include "median.h"
#include "random.h"

/* TIMED_STEPS: the median of so many times is as good as that of all. */
enum { ORDER_STREAM = 2, TIMED_STEPS = 1 << 16 };

bool training_open(struct training *run, const struct options *options, const struct dataset *train,
                   const struct dataset *test, struct network *net)
{
    *run = (struct training){.options = options, .train = train, .test = test, .net = net};
    run->order = malloc(train->count * sizeof *run->order);
    run->losses = calloc(options->micro_batches, sizeof *run->losses);
    run->samples = malloc(TIMED_STEPS * sizeof *run->samples);
    if (options->bf16_copy)
        run->from_copy = array_create(net->parameters, sizeof *run->from_copy);
    if (!run->order || !run->losses || !run->samples || (options->bf16_copy && !run->from_copy)) {
        complain("out of memory for %" PRIu32 " images' order and the training's figures", train->count);
        return false;
    }
    return true;
}

bool training_close(struct training *run)
{
    free(run->order);
    free(run->losses);
    free(run->samples);
    free(run->from_copy);
    return report_close(&run->report);
}

struct times {
    double update, step; /* seconds, summed */
    uint64_t steps;
};

/* Only rank 0's is shown. */
static struct evaluation evaluate(const struct training *run, const float *param, const struct dataset *data)
{
    return ranks_number() == 0 ? network_evaluate(run->net, param, data) : (struct evaluation){0};
}

/* Computes the gradients of this rank's micro-batches. Sets the loss of the whole batch, added up in an order that does
 * not depend on how many ranks there are. */
static bool compute(struct training *run, const uint32_t *rows, size_t count, double *loss)
{
    const size_t parts = run->options->micro_batches;
    const unsigned mine = options_micro_batches(run->options);
    bool good = true;
    for (unsigned i = 0; i < mine && good; i++) {
        const size_t part = (size_t)ranks_number() * mine + i;
        const size_t begin = count * part / parts, end = count * (part + 1) / parts;
        run->losses[part] = network_backward(run->net, run->train, rows + begin, end - begin, count);
        stored_take_grad(&run->updater.stored);
        good = updater_accumulate(&run->updater);
    }
    ranks_collect(run->losses, mine);
    *loss = 0;
    for (size_t part = 0; part < parts; part++)
        *loss += run->losses[part];
    return ranks_agree(good);
}

static bool train_step(struct training *run, const uint32_t *rows, size_t count, double *loss, struct times *sum)
{
    const double begin = clock_seconds();
    const bool computed = compute(run, rows, count, loss);
    const double between = clock_seconds();
    const bool good = computed && updater_step(&run->updater);
    const double update = clock_seconds() - between;
    stored_give_param(&run->updater.stored);

    run->samples[sum->steps++ % TIMED_STEPS] = update;
    sum->update += update;
    sum->step += clock_seconds() - begin;
    return good;
}

/* Called before the first step too, so that a file that cannot be written is reported before any work is lost. */
static bool save(struct training *run)
{
    return !run->options->save || checkpoint_save(run->options, run->train->count, &run->updater.joint);
}

static uint64_t epoch_steps(const struct training *run)
{
    return ((uint64_t)run->train->count + run->options->batch - 1) / run->options->batch;
}

/* Trains the rest of an epoch, of whose steps a checkpoint may have some; row->step is the last one done before. The
 * caller has shuffled the order. A loss that is not finite ends it without a save; with --clip the update skips the
 * step, after which losses may be finite again. */
static bool train_epoch(struct training *run, struct report_row *row, struct times *sum)
{
    double loss_sum = 0;
    const uint32_t images = run->train->count, batch = run->options->batch;
    const uint32_t begin = (uint32_t)(row->step % epoch_steps(run)) * batch;
    for (uint32_t first = begin, count; first < images && row->step < row->steps && !row->diverged; first += count) {
        count = images - first < batch ? images - first : batch;
        row->step++;
        if (!train_step(run, run->order + first, count, &row->loss, sum))
            return false;
        loss_sum += row->loss * count;
        row->mean_loss = loss_sum / (first + count - begin);
        row->diverged = run->options->clip == 0 && !isfinite(row->loss);
        row->epoch_end = first + count == images && !row->diverged;
        if (row->epoch_end)
            row->accuracy = evaluate(run, run->net->param, run->test).accuracy;
        if (!ranks_agree(report_step(&run->report, row)))
            return false;
        if ((row->epoch_end || row->step == row->steps) && !row->diverged && !save(run))
            return false;
    }
    return true;
}

/* Epochs that were finished before the checkpoint are only shuffled, to get the same order as without it. */
static bool train_epochs(struct training *run, struct report_row *row, struct times *sum)
{
    struct random_stream stream = random_start(run->options->seed, ORDER_STREAM);
    for (uint32_t i = 0; i < run->train->count; i++)
        run->order[i] = i;
    for (row->epoch = 1;; row->epoch++) {
        random_shuffle(&stream, run->order, run->train->count);
        if (row->step < row->epoch * epoch_steps(run) && !train_epoch(run, row, sum))
            return false;
        if (row->step == row->steps || row->diverged)
            return true;
    }
}

/* Opens the files of this run only now, and empties the CSV last, so that a run that is refused leaves existing files
 * alone. Rank 0 writes the CSV. */
static bool begin_files(struct training *run)
{
    const bool first = !run->report.csv; /* else it has the optimizers before; only one alone is saved */
    const char *csv = ranks_number() == 0 ? run->options->csv : NULL;
    const bool saved = ranks_agree(!first || report_open(&run->report, csv)) && save(run);
    return ranks_agree(saved && (!first || report_begin(&run->report)));
}

/* Sets the initial parameters, the same for all optimizers; or restores the checkpoint of the only one. */
static bool start(struct training *run, struct report_row *row)
{
    const struct options *options = run->options;
    network_init(run->net, options->seed);
    if (!ranks_agree(!options->init || checkpoint_init(options->init, run->net)))
        return false;
    stored_take_param(&run->updater.stored);
    if (options->resume) {
        if (!checkpoint_load(options, run->train->count, &run->updater.joint))
            return false;
        row->step = updater_steps(&run->updater);
        if (row->step >= row->steps) {
            complain("%s: stands at step %" PRIu64 "; nothing is left to do up to step %" PRIu64, options->resume,
                     row->step, row->steps);
            return false;
        }
        printf("%s: goes on after step %" PRIu64 "\n", options->resume, row->step);
    }
    stored_give_param(&run->updater.stored);
    return begin_files(run);
}

static double copy_accuracy(struct training *run)
{
    for (size_t i = 0; i < run->net->parameters; i++) {
        const uint32_t bits = (uint32_t)run->updater.copy[i] << 16; /* a bfloat16 is the upper half of a float32 */
        memcpy(&run->from_copy[i], &bits, sizeof bits);
    }
    return evaluate(run, run->from_copy, run->test).accuracy;
}

static struct training_result conclude(struct training *run, const struct times *sum)
{
    const size_t samples = sum->steps < TIMED_STEPS ? (size_t)sum->steps : TIMED_STEPS;
    const bool copied = run->from_copy && run->updater.stepped;
    return (struct training_result){.loss = evaluate(run, run->net->param, run->train).loss,
                                    .accuracy = evaluate(run, run->net->param, run->test).accuracy,
                                    .copy_accuracy = copied ? copy_accuracy(run) : (double)NAN,
                                    .update = median(run->samples, samples),
                                    .share = sum->update / sum->step,
                                    .skipped = updater_skipped(&run->updater)};
}

/* At the end only rank 0 knows the loss. */
static void report_divergence(const struct training *run, const struct report_row *row)
{
    complain_and_go_on("%s: diverged: the loss is %g at epoch %" PRIu32 ", step %" PRIu64 ", with lr %g",
                       row->trained->name, row->loss, row->epoch, row->step, options_lr(run->options, row->trained));
}

bool training_run(struct training *run, const struct named_config *trained, struct training_result *result)
{
    const uint64_t all = run->options->epochs * epoch_steps(run), stop = run->options->steps;
    struct report_row row = {
        .trained = trained, .epochs = run->options->epochs, .steps = stop > 0 && stop < all ? stop : all};
    struct times sum = {0};
    const bool good = updater_open(&run->updater, run->options, trained, run->net, all) && start(run, &row) &&
                      train_epochs(run, &row, &sum);
    if (good && !row.diverged) {
        *result = conclude(run, &sum);
        row.loss = result->loss;
    }
    if (good) {
        result->diverged = !isfinite(row.loss);
        result->step = row.step;
    }
    if (good && result->diverged)
        report_divergence(run, &row);
    updater_close(&run->updater);
    return good;
}
