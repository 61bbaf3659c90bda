#define _GNU_SOURCE /* getopt_long */

#include "options.h"

#include "complain.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far above what is useful; within them, no size overflows and BLAS's int dimensions hold them. */
enum { MAX_EPOCHS = 100000, MAX_BATCH = 1000000, MAX_HIDDEN = 65536, MAX_THREADS = 65536 };

static void print_help(void)
{
    puts("Usage: descend-train [OPTION]...\n"
         "Train a network (one hidden layer, ReLU, softmax cross-entropy) on Fashion-MNIST with each optimizer in\n"
         "turn, from the same initial weights and with the same batches, and compare them.\n"
         "\n"
         "  --optimizer LIST  comma-separated, of those below; or all (default: all)\n"
         "  --epochs N        passes over the training images (default: 5)\n"
         "  --batch N         images in one step (default: 128)\n"
         "  --hidden N        units of the hidden layer (default: 256)\n"
         "  --lr X            learning rate of every optimizer chosen (default: each its own, see below)\n"
         "  --seed N          of the initial weights and the batch order, 0 to 2^64-1 (default: 1)\n"
         "  --threads N       of the optimizer's update; it does not change the result (default: 0, descend's choice)\n"
         "  --data DIR        four files in MNIST's format, gzipped or not\n"
         "                    (default: /usr/share/datasets/fashion-mnist)\n"
         "  --csv FILE        write loss and accuracy there: a row for each step\n"
         "  --help            print this and exit\n"
         "\n"
         "Optimizers and their own learning rates:");
    for (size_t i = 0; i < METHODS; i++)
        printf("  %-9s %g%s\n", method_table[i].name, method_table[i].lr,
               strcmp(method_table[i].name, "momentum") == 0 ? "  (SGD with momentum 0.9)" : "");
    puts("All else is PyTorch's default.");
}

static bool read_number(const char *option, const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
    char *end = NULL;
    errno = 0;
    const bool digit = text[0] >= '0' && text[0] <= '9'; /* strtoumax takes blanks and signs, "-1" as 2^64-1 */
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

static bool read_lr(const char *text, double *lr)
{
    char *end = NULL;
    errno = 0;
    const bool digit = (text[0] >= '0' && text[0] <= '9') || text[0] == '.'; /* no blanks, signs, "nan" or "inf" */
    *lr = digit ? strtod(text, &end) : 0.0;
    if (!digit || *end != '\0' || errno != 0 || !isfinite(*lr) || *lr <= 0.0) {
        complain("--lr '%s': must be a number above 0", text);
        return false;
    }
    return true;
}

static bool add_method(options *chosen, const char *name, size_t length)
{
    const method *found = method_find(name, length);
    if (!found) {
        complain("--optimizer '%.*s': must be some of sgd,momentum,rmsprop,adam,adamw, or all", (int)length, name);
        return false;
    }
    for (size_t i = 0; i < chosen->method_count; i++) {
        if (chosen->methods[i] == found) {
            complain("--optimizer: %s is there twice", found->name);
            return false;
        }
    }
    chosen->methods[chosen->method_count++] = found;
    return true;
}

static bool read_methods(const char *list, options *chosen)
{
    chosen->method_count = 0;
    if (strcmp(list, "all") == 0) {
        for (size_t i = 0; i < METHODS; i++)
            chosen->methods[chosen->method_count++] = &method_table[i];
        return true;
    }
    for (;;) {
        const size_t length = strcspn(list, ",");
        if (!add_method(chosen, list, length))
            return false;
        if (list[length] == '\0')
            return true;
        list += length + 1;
    }
}

double options_lr(const options *chosen, const method *trained)
{
    return chosen->lr > 0.0 ? chosen->lr : trained->lr;
}

/* Asks the library itself, so that a learning rate or a DESCEND_ISA which it refuses is known before any work. */
static bool accepted(const options *chosen)
{
    float *const no_state[METHOD_STATES] = {NULL};
    const descend_exec exec = {.threads = chosen->threads};
    for (size_t i = 0; i < chosen->method_count; i++) {
        const method *asked = chosen->methods[i];
        const descend_status status = asked->step(options_lr(chosen, asked), 1, NULL, NULL, no_state, 0, &exec);
        if (status != DESCEND_OK) {
            complain("%s: %s", asked->name, descend_status_string(status));
            return false;
        }
    }
    return true;
}

static bool read_option(options *chosen, int letter, const char *text)
{
    switch (letter) {
    case 'o':
        return read_methods(text, chosen);
    case 'e':
        return read_count("--epochs", text, 1, MAX_EPOCHS, &chosen->epochs);
    case 'b':
        return read_count("--batch", text, 1, MAX_BATCH, &chosen->batch);
    case 'n':
        return read_count("--hidden", text, 1, MAX_HIDDEN, &chosen->hidden);
    case 'l':
        return read_lr(text, &chosen->lr);
    case 's':
        return read_number("--seed", text, 0, UINT64_MAX, &chosen->seed);
    case 't':
        return read_count("--threads", text, 0, MAX_THREADS, &chosen->threads);
    case 'd':
        chosen->data = text;
        return true;
    case 'c':
        chosen->csv = text;
        return true;
    default:
        return false; /* getopt_long has complained */
    }
}

options_verdict options_read(options *chosen, int argc, char **argv)
{
    static const struct option table[] = {
        {"optimizer", required_argument, NULL, 'o'},
        {"epochs", required_argument, NULL, 'e'},
        {"batch", required_argument, NULL, 'b'},
        {"hidden", required_argument, NULL, 'n'},
        {"lr", required_argument, NULL, 'l'},
        {"seed", required_argument, NULL, 's'},
        {"threads", required_argument, NULL, 't'},
        {"data", required_argument, NULL, 'd'},
        {"csv", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *chosen =
        (options){.epochs = 5, .batch = 128, .hidden = 256, .seed = 1, .data = "/usr/share/datasets/fashion-mnist"};
    (void)read_methods("all", chosen);
    int letter;
    while ((letter = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (letter == 'h') {
            print_help();
            return OPTIONS_HELP;
        }
        if (!read_option(chosen, letter, optarg))
            return OPTIONS_WRONG;
    }
    if (optind < argc) {
        complain("'%s': not an option (see --help)", argv[optind]);
        return OPTIONS_WRONG;
    }
    return accepted(chosen) ? OPTIONS_TRAIN : OPTIONS_WRONG;
}
