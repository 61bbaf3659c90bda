/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getopt_long */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "ranks.h"

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

const char *const schedule_names[SCHEDULES] = {"constant", "cosine", "linear"};

static double own_lr(const struct named_config *optimizer)
{
    double lr = 0;
    (void)descend_config_get(&optimizer->config, "lr", &lr); /* every kind has that field */
    return lr;
}

static void print_help(void)
{
    size_t count;
    puts(
        "Usage: descend-train [OPTION]...\n"
        "Train a network (one hidden layer, ReLU, softmax cross-entropy) on Fashion-MNIST with each optimizer in\n"
        "turn, from the same initial weights and with the same batches, and compare them.\n"
        "\n"
        "  --optimizer LIST  comma-separated, of those below; or all\n"
        "                    (default: " DEFAULT_OPTIMIZERS ")\n"
        "  --epochs N        passes over the training images (default: 5)\n"
        "  --steps N         stop after step N of all, even within an epoch (default: when the epochs are done)\n"
        "  --batch N         images in one step (default: 128)\n"
        "  --micro-batches N parts of each batch, whose gradients are added up; processes that mpirun has started "
        "share\n"
        "                    them, and their number does not change the result. A power of two (default: one for each\n"
        "                    process). Needs a build with MPI\n"
        "  --hidden N        units of the hidden layer (default: 256)\n"
        "  --lr X            learning rate of every optimizer chosen (default: each its own, see below)\n"
        "  --schedule NAME   of the learning rate over all of --epochs: constant, or down to 0 by cosine or linear\n"
        "                    (default: constant)\n"
        "  --warmup N        let the learning rate rise to the schedule's in the first N steps (default: 0)\n"
        "  --clip X          scale gradients whose norm is above X down to it; skip steps with one that is not finite\n"
        "  --storage NAME    how parameters, gradients and the optimizer's states are stored, see below (default: "
        "f32)\n"
        "  --bf16-copy       let each step also write the parameters as bfloat16, as for inference, and show the test\n"
        "                    accuracy of those too\n"
        "  --seed N          of the initial weights and the batch order, 0 to 2^64-1 (default: 1)\n"
        "  --threads N       of the optimizer's update; it does not change the result (default: 0, descend's choice)\n"
        "  --data DIR        four files in MNIST's format, gzipped or not\n"
        "                    (default: /usr/share/datasets/fashion-mnist)\n"
        "  --csv FILE        write loss and accuracy there: a row for each step of this run\n"
        "  --init FILE       start from the parameters in this safetensors file, and not from random ones: float32 "
        "tensors\n"
        "                    hidden.weight, hidden.bias, output.weight and output.bias, as torch.nn.Linear has them "
        "or\n"
        "                    flat as in a checkpoint; others are ignored\n"
        "  --save FILE       keep a checkpoint there: written before the first step, after each epoch and at the end\n"
        "  --resume FILE     go on where a checkpoint stands, up to --epochs and --steps in all, with the bits of a "
        "run\n"
        "                    that never stopped. The data and the options that decide on bits must be the same; so\n"
        "                    must --epochs, unless the schedule is constant\n"
        "  --help            print this and exit\n"
        "\n"
        "--save and --resume are for one optimizer; --init and --resume exclude each other.\n"
        "\n"
        "Optimizers and their own learning rates:");
    const struct named_config *configs = named_configs(&count);
    for (size_t i = 0; i < count; i++)
        printf("  %-10s %g%s\n", configs[i].name, own_lr(&configs[i]),
               strcmp(configs[i].name, "momentum") == 0 ? "  (SGD with momentum 0.9)" : "");
    puts("All else is the library's default: PyTorch's where it has the optimizer.\n"
         "\n"
         "Storage:");
    const struct storage *ways = storages(&count);
    for (size_t i = 0; i < count; i++)
        printf("  %-10s %s\n", ways[i].name, ways[i].meaning);
}

static bool read_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
    char *end = NULL;
    errno = 0;
    const bool digit = text[0] >= '0' && text[0] <= '9'; /* strtoumax would take blanks and signs */
    const uintmax_t number = digit ? strtoumax(text, &end, 10) : 0;
    if (!digit || *end != '\0' || errno != 0 || number < least || number > most) {
        complain("%s '%s': must be a whole number from %" PRIu64 " to %" PRIu64, option, text, least, most);
        return false;
    }
    *value = number;
    return true;
}

static bool read_count(const char *option, const char *text, uint32_t least, uint32_t most, uint32_t *value)
{
    uint64_t number;
    if (!read_number(option, text, least, most, &number))
        return false;
    *value = (uint32_t)number;
    return true;
}

static bool read_positive(const char *option, const char *text, double *value)
{
    char *end = NULL;
    errno = 0;
    const bool digit = (text[0] >= '0' && text[0] <= '9') || text[0] == '.'; /* no blanks, signs, "nan" or "inf" */
    *value = digit ? strtod(text, &end) : 0;
    if (!digit || *end != '\0' || errno != 0 || !isfinite(*value) || *value <= 0) {
        complain("%s '%s': must be a number above 0", option, text);
        return false;
    }
    return true;
}

static bool read_schedule(const char *text, enum schedule *value)
{
    for (int i = 0; i < SCHEDULES; i++) {
        if (strcmp(text, schedule_names[i]) == 0) {
            *value = (enum schedule)i;
            return true;
        }
    }
    complain("--schedule '%s': must be constant, cosine or linear", text);
    return false;
}

static bool read_storage(const char *text, const struct storage **value)
{
    const struct storage *found = storage_find(text);
    if (!found) {
        complain("--storage '%s': must be one of those that --help lists", text);
        return false;
    }
    *value = found;
    return true;
}

static bool add_optimizer(struct options *options, const char *name, size_t length)
{
    const struct named_config *found = named_config_find(name, length);
    if (!found) {
        complain("--optimizer '%.*s': must be some of those that --help lists, or all", (int)length, name);
        return false;
    }
    for (size_t i = 0; i < options->optimizer_count; i++) {
        if (options->optimizers[i] == found) {
            complain("--optimizer: %s is there twice", found->name);
            return false;
        }
    }
    options->optimizers[options->optimizer_count++] = found;
    return true;
}

static bool read_optimizers(const char *list, struct options *options)
{
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

/* Refuses options that contradict each other: a checkpoint holds one optimizer, and its own parameters. */
static bool fits_files(const struct options *options)
{
    if (options->init && options->resume) {
        complain("--init: a run that goes on by --resume has its parameters");
        return false;
    }
    if (options->optimizer_count == 1 || (!options->save && !options->resume))
        return true;
    complain("%s: choose one optimizer by --optimizer", options->save ? "--save" : "--resume");
    return false;
}

/* Refuses a storage that an optimizer's states, or the bfloat16 copy, cannot be combined with. */
static bool fits_storage(const struct options *options)
{
    if (options->bf16_copy && options->storage->param != DESCEND_F32) {
        complain("--bf16-copy: with --storage %s the parameters are bfloat16 themselves", options->storage->name);
        return false;
    }
    for (size_t i = 0; i < options->optimizer_count; i++) {
        const struct named_config *asked = options->optimizers[i];
        if (!storage_suits(options->storage, asked->config.kind)) {
            complain("--storage %s: %s can keep its states in float32 only", options->storage->name, asked->name);
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
        complain("--micro-batches %u: this descend-train was built without MPI", micro_batches);
    else if (!is_power_of_two(micro_batches) || !is_power_of_two(count) || micro_batches < count)
        complain(
            "--micro-batches %u on %u processes: both have to be powers of two, with one for each process at least",
            micro_batches, count);
    else if (options->storage->grad != DESCEND_F32)
        complain("--micro-batches %u: with --storage %s gradients are bfloat16, which are not added up", micro_batches,
                 options->storage->name);
    else if (options->bf16_copy)
        complain("--micro-batches %u: with --bf16-copy no process has all parameters as float32", micro_batches);
    else
        return true;
    return false;
}

/* Lets the library check each config, so that a bad learning rate or DESCEND_ISA is reported before any work. */
static bool accepted(const struct options *options)
{
    const descend_exec exec = {.threads = options->threads};
    for (size_t i = 0; i < options->optimizer_count; i++) {
        const struct named_config *asked = options->optimizers[i];
        const descend_config config = options_config(options, asked);
        const descend_status status = descend_step(&config, 1, NULL, NULL, NULL, 0, &exec);
        if (status != DESCEND_OK) {
            complain("%s: %s", asked->name, descend_status_string(status));
            return false;
        }
    }
    return true;
}

static bool read_option(struct options *options, int letter, const char *text)
{
    switch (letter) {
    case 'o':
        return read_optimizers(text, options);
    case 'e':
        return read_count("--epochs", text, 1, MAX_EPOCHS, &options->epochs);
    case 'S':
        return read_number("--steps", text, 1, UINT64_MAX, &options->steps);
    case 'b':
        return read_count("--batch", text, 1, MAX_BATCH, &options->batch);
    case 'm':
        return read_count("--micro-batches", text, 1, MAX_MICRO_BATCHES, &options->micro_batches);
    case 'n':
        return read_count("--hidden", text, 1, MAX_HIDDEN, &options->hidden);
    case 'l':
        return read_positive("--lr", text, &options->lr);
    case 'L':
        return read_schedule(text, &options->schedule);
    case 'w':
        return read_number("--warmup", text, 0, MAX_WARMUP, &options->warmup);
    case 'C':
        return read_positive("--clip", text, &options->clip);
    case 'g':
        return read_storage(text, &options->storage);
    case 'f':
        options->bf16_copy = true;
        return true;
    case 's':
        return read_number("--seed", text, 0, UINT64_MAX, &options->seed);
    case 't':
        return read_count("--threads", text, 0, MAX_THREADS, &options->threads);
    case 'd':
        options->data = text;
        return true;
    case 'c':
        options->csv = text;
        return true;
    case 'I':
        options->init = text;
        return true;
    case 'W':
        options->save = text;
        return true;
    case 'R':
        options->resume = text;
        return true;
    default:
        return false; /* getopt_long has complained */
    }
}

enum options_verdict options_read(struct options *options, int argc, char **argv)
{
    static const struct option table[] = {
        {"optimizer", required_argument, NULL, 'o'},
        {"epochs", required_argument, NULL, 'e'},
        {"steps", required_argument, NULL, 'S'},
        {"batch", required_argument, NULL, 'b'},
        {"micro-batches", required_argument, NULL, 'm'},
        {"hidden", required_argument, NULL, 'n'},
        {"lr", required_argument, NULL, 'l'},
        {"schedule", required_argument, NULL, 'L'},
        {"warmup", required_argument, NULL, 'w'},
        {"clip", required_argument, NULL, 'C'},
        {"storage", required_argument, NULL, 'g'},
        {"bf16-copy", no_argument, NULL, 'f'},
        {"seed", required_argument, NULL, 's'},
        {"threads", required_argument, NULL, 't'},
        {"data", required_argument, NULL, 'd'},
        {"csv", required_argument, NULL, 'c'},
        {"init", required_argument, NULL, 'I'},
        {"save", required_argument, NULL, 'W'},
        {"resume", required_argument, NULL, 'R'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *options = (struct options){.epochs = 5,
                                .batch = 128,
                                .micro_batches = ranks_count(),
                                .hidden = 256,
                                .storage = storage_find("f32"),
                                .seed = 1,
                                .data = "/usr/share/datasets/fashion-mnist"};
    (void)read_optimizers(DEFAULT_OPTIMIZERS, options);
    opterr = ranks_number() == 0; /* whether getopt_long complains */
    int letter;
    while ((letter = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (letter == 'h') {
            print_help();
            return OPTIONS_HELP;
        }
        if (!read_option(options, letter, optarg))
            return OPTIONS_WRONG;
    }
    if (optind < argc) {
        complain("'%s': not an option (see --help)", argv[optind]);
        return OPTIONS_WRONG;
    }
    const bool fits = fits_files(options) && fits_storage(options) && fits_ranks(options);
    return fits && accepted(options) ? OPTIONS_TRAIN : OPTIONS_WRONG;
}
