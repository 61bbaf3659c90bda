/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L /* stat */
#include "options.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ranks.h"

#define DEFAULT_DATA "/usr/share/datasets/fashion-mnist"
#define DEFAULT_OPTIMIZERS "sgd,momentum,rmsprop,adam,adamw"

/* Far above what is useful, and low enough that no size overflows and that BLAS's dimensions, which are int, hold
 * them. */
enum {
    MAX_EPOCHS = 100000,
    MAX_BATCH = 1000000,
    MAX_HIDDEN = 65536,
    MAX_MICRO_BATCHES = 65536,
    MAX_THREADS = 65536,
    MAX_WARMUP = 1000000000
};

enum { NAMES_SIZE = 1024 }; /* for all names of optimizers or storages */

const char *const schedule_names[SCHEDULES] = {"constant", "cosine", "linear"};

static double own_lr(const struct named_config *optimizer)
{
    double lr = 0;
    (void)descend_config_get(&optimizer->config, "lr", &lr); /* every kind has that field */
    return lr;
}

static void explain_optimizers(void)
{
    size_t count;
    const struct named_config *configs = named_configs(&count);
    help_heading("Optimizers and their own learning rates");
    for (size_t i = 0; i < count; i++) {
        char text[64];
        snprintf(text, sizeof text, "%g%s", own_lr(&configs[i]),
                 strcmp(configs[i].name, "momentum") == 0 ? " (SGD with momentum 0.9)" : "");
        help_item(configs[i].name, text);
    }
    putchar('\n');
    help_text("All else is the library's default: PyTorch's where it has the optimizer.");
}

static void explain(void)
{
    size_t count;
    const struct storage *ways = storages(&count);
    putchar('\n');
    help_text("--save and --resume are for one optimizer; --init and --resume exclude each other.");
    putchar('\n');
    help_text(
        "A training whose loss becomes infinite or NaN has diverged. It ends there, with that loss as its last row "
        "of the CSV and its checkpoint as after the last whole epoch; the other optimizers' trainings go on, and "
        "the exit status is 1. With --clip such steps are skipped, and the loss at the end decides.");
    explain_optimizers();
    help_heading("Storage");
    for (size_t i = 0; i < count; i++)
        help_item(ways[i].name, ways[i].meaning);
}

static bool read_schedule(const struct command_option *option, const char *text, void *value)
{
    for (int i = 0; i < SCHEDULES; i++) {
        if (strcmp(text, schedule_names[i]) == 0) {
            *(enum schedule *)value = (enum schedule)i;
            return true;
        }
    }
    complain_usage("--%s '%s': must be constant, cosine or linear", option->name, text);
    return false;
}

/* Writes "NAME, " behind what the list has. */
static void append_name(char list[NAMES_SIZE], const char *name)
{
    const size_t length = strlen(list);
    snprintf(list + length, NAMES_SIZE - length, "%s, ", name);
}

static bool read_storage(const struct command_option *option, const char *text, void *value)
{
    const struct storage *found = storage_find(text);
    if (!found) {
        char names[NAMES_SIZE] = "";
        size_t count;
        const struct storage *ways = storages(&count);
        for (size_t i = 0; i < count; i++)
            append_name(names, ways[i].name);
        complain_usage("--%s '%s': must be one of %.*s", option->name, text, (int)strlen(names) - 2, names);
        return false;
    }
    *(const struct storage **)value = found;
    return true;
}

static void complain_of_optimizer(const char *name, size_t length)
{
    char names[NAMES_SIZE] = "";
    size_t count;
    const struct named_config *configs = named_configs(&count);
    for (size_t i = 0; i < count; i++)
        append_name(names, configs[i].name);
    complain_usage("--optimizer '%.*s': must be some of %sor all", (int)length, name, names);
}

static bool add_optimizer(struct options *options, const char *name, size_t length)
{
    const struct named_config *found = named_config_find(name, length);
    if (!found) {
        complain_of_optimizer(name, length);
        return false;
    }
    for (size_t i = 0; i < options->optimizer_count; i++) {
        if (options->optimizers[i] == found) {
            complain_usage("--optimizer: %s is there twice", found->name);
            return false;
        }
    }
    options->optimizers[options->optimizer_count++] = found;
    return true;
}

static bool read_optimizers(const struct command_option *option, const char *list, void *value)
{
    struct options *options = value;
    (void)option;
    options->optimizer_count = 0;
    if (strcmp(list, "all") == 0) {
        size_t count;
        const struct named_config *configs = named_configs(&count);
        for (size_t i = 0; i < count; i++)
            options->optimizers[options->optimizer_count++] = &configs[i];
        return true;
    }
    for (;;) {
        const size_t length = strcspn(list, ",");
        if (!add_optimizer(options, list, length))
            return false;
        if (list[length] == '\0')
            return true;
        list += length + 1;
    }
}

unsigned options_micro_batches(const struct options *options)
{
    return options->micro_batches / ranks_count();
}

double options_lr(const struct options *options, const struct named_config *trained)
{
    return options->lr > 0 ? options->lr : own_lr(trained);
}

descend_config options_config(const struct options *options, const struct named_config *trained)
{
    descend_config config = trained->config;
    (void)descend_config_set(&config, "lr", options_lr(options, trained)); /* a positive rate is never refused here */
    return config;
}

/* Also by another path, if the file is there already. */
static bool same_file(const char *a, const char *b)
{
    struct stat at_a, at_b;
    if (!a || !b)
        return false;
    return strcmp(a, b) == 0 || (stat(a, &at_a) == 0 && stat(b, &at_b) == 0 && S_ISREG(at_a.st_mode) &&
                                 at_a.st_dev == at_b.st_dev && at_a.st_ino == at_b.st_ino);
}

/* Refuses options that contradict each other: a checkpoint holds one optimizer, and its own parameters, and the CSV
 * would be written over it. */
static bool fits_files(const struct options *options)
{
    if (same_file(options->csv, options->save) || same_file(options->csv, options->init) ||
        same_file(options->csv, options->resume)) {
        complain_usage("--csv %s: the file is that of another option", options->csv);
        return false;
    }
    if (options->init && options->resume) {
        complain_usage("--init: a run that goes on by --resume has its parameters");
        return false;
    }
    if (options->optimizer_count == 1 || (!options->save && !options->resume))
        return true;
    complain_usage("%s: choose one optimizer by --optimizer", options->save ? "--save" : "--resume");
    return false;
}

/* Refuses a storage that an optimizer's states, or the bfloat16 copy, cannot be combined with. */
static bool fits_storage(const struct options *options)
{
    if (options->bf16_copy && options->storage->param != DESCEND_F32) {
        complain_usage("--bf16-copy: with --storage %s the parameters are bfloat16 themselves", options->storage->name);
        return false;
    }
    for (size_t i = 0; i < options->optimizer_count; i++) {
        const struct named_config *asked = options->optimizers[i];
        if (!storage_suits(options->storage, asked->config.kind)) {
            complain_usage("--storage %s: %s can keep its states in float32 only", options->storage->name, asked->name);
            return false;
        }
    }
    return true;
}

static bool is_power_of_two(unsigned number)
{
    return number > 0 && (number & (number - 1)) == 0;
}

/* Refuses what would not have the same result on any number of ranks. */
static bool fits_ranks(const struct options *options)
{
    const unsigned count = ranks_count(), micro_batches = options->micro_batches;
    if (micro_batches == 1 && count == 1)
        return true;
    if (!ranks_can_share)
        complain_usage("--micro-batches %u: this descend-train was built without MPI", micro_batches);
    else if (!is_power_of_two(micro_batches) || !is_power_of_two(count) || micro_batches < count)
        complain_usage(
            "--micro-batches %u on %u processes: both have to be powers of two, with one for each process at least",
            micro_batches, count);
    else if (options->storage->grad != DESCEND_F32)
        complain_usage("--micro-batches %u: with --storage %s gradients are bfloat16, which are not added up",
                       micro_batches, options->storage->name);
    else if (options->bf16_copy)
        complain_usage("--micro-batches %u: with --bf16-copy no process has all parameters as float32", micro_batches);
    else
        return true;
    return false;
}

/* Lets the library check each config, so that a bad learning rate or DESCEND_ISA is reported before any work. */
static enum command_status accept(const struct options *options)
{
    const descend_exec exec = {.threads = options->threads};
    for (size_t i = 0; i < options->optimizer_count; i++) {
        const struct named_config *asked = options->optimizers[i];
        const descend_config config = options_config(options, asked);
        const descend_status status = descend_step(&config, 1, NULL, NULL, NULL, 0, &exec);
        if (status == DESCEND_NO_ISA) {
            complain("%s", descend_status_string(status));
            return COMMAND_FAILED;
        }
        if (status != DESCEND_OK) {
            complain_usage("%s: %s", asked->name, descend_status_string(status));
            return COMMAND_WRONG;
        }
    }
    return COMMAND_DONE;
}

#define INTO(member) offsetof(struct options, member)

static const struct command_option table[] = {
    {"optimizer", "LIST", "comma-separated, of those below; or all (default: " DEFAULT_OPTIMIZERS ")", read_optimizers,
     0, 0, 0},
    {"epochs", "N", "passes over the training images (default: 5)", command_count, INTO(epochs), 1, MAX_EPOCHS},
    {"steps", "N", "stop after step N of all, even within an epoch (default: when the epochs are done)", command_number,
     INTO(steps), 1, UINT64_MAX},
    {"batch", "N", "images in one step (default: 128)", command_count, INTO(batch), 1, MAX_BATCH},
    {"micro-batches", "N",
     "parts of each batch, whose gradients are added up; processes that mpirun has started share them, and their "
     "number does not change the result. A power of two (default: one for each process). Needs a build with MPI",
     command_count, INTO(micro_batches), 1, MAX_MICRO_BATCHES},
    {"hidden", "N", "units of the hidden layer (default: 256)", command_count, INTO(hidden), 1, MAX_HIDDEN},
    {"lr", "X", "learning rate of every optimizer chosen (default: each its own, see below)", command_positive,
     INTO(lr), 0, 0},
    {"schedule", "NAME",
     "of the learning rate over all of --epochs: constant, or down to 0 by cosine or linear (default: constant)",
     read_schedule, INTO(schedule), 0, 0},
    {"warmup", "N", "let the learning rate rise to the schedule's in the first N steps (default: 0)", command_number,
     INTO(warmup), 0, MAX_WARMUP},
    {"clip", "X", "scale gradients whose norm is above X down to it; skip steps with one that is not finite",
     command_positive, INTO(clip), 0, 0},
    {"storage", "NAME", "how parameters, gradients and the optimizer's states are stored, see below (default: f32)",
     read_storage, INTO(storage), 0, 0},
    {"bf16-copy", NULL,
     "let each step also write the parameters as bfloat16, as for inference, and show the test accuracy of those too",
     command_flag, INTO(bf16_copy), 0, 0},
    {"seed", "N", "of the initial weights and the batch order, 0 to 2^64-1 (default: 1)", command_number, INTO(seed), 0,
     UINT64_MAX},
    {"threads", "N", "of the optimizer's update; it does not change the result (default: 0, descend's choice)",
     command_count, INTO(threads), 0, MAX_THREADS},
    {"data", "DIR", "four files in MNIST's format, gzipped or not (default: " DEFAULT_DATA ")", command_text,
     INTO(data), 0, 0},
    {"csv", "FILE", "write loss and accuracy there: a row for each step of this run", command_text, INTO(csv), 0, 0},
    {"init", "FILE",
     "start from the parameters in this safetensors file, and not from random ones: float32 tensors hidden.weight, "
     "hidden.bias, output.weight and output.bias, as torch.nn.Linear has them or flat as in a checkpoint; others are "
     "ignored",
     command_text, INTO(init), 0, 0},
    {"save", "FILE", "keep a checkpoint there: written before the first step, after each epoch and at the end",
     command_text, INTO(save), 0, 0},
    {"resume", "FILE",
     "go on where a checkpoint stands, up to --epochs and --steps in all, with the bits of a run that never stopped. "
     "The data and the options that decide on bits must be the same; so must --epochs, unless the schedule is constant",
     command_text, INTO(resume), 0, 0},
    {0},
};

static const struct command command = {
    .program = "descend-train",
    .forms = (const char *const[]){"[OPTION]...", NULL},
    .purpose =
        "Train a network (one hidden layer, ReLU, softmax cross-entropy) on Fashion-MNIST with each optimizer in "
        "turn, from the same initial weights and with the same batches, and compare them.",
    .options = table,
    .failure = "the data, a file or a training failed; a diverged training counts as failed",
    .explain = explain,
};

bool options_read(struct options *options, int argc, char **argv, enum command_status *status)
{
    *options = (struct options){.epochs = 5,
                                .batch = 128,
                                .micro_batches = ranks_count(),
                                .hidden = 256,
                                .storage = storage_find("f32"),
                                .seed = 1,
                                .data = DEFAULT_DATA};
    (void)read_optimizers(NULL, DEFAULT_OPTIMIZERS, options);
    if (!command_read(&command, argc, argv, options, status))
        return false;
    const bool fits = fits_files(options) && fits_storage(options) && fits_ranks(options);
    *status = fits ? accept(options) : COMMAND_WRONG;
    return *status == COMMAND_DONE;
}
