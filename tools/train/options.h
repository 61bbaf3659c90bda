/* The command line. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H

#include "method.h"

#include <stddef.h>
#include <stdint.h>

typedef struct options {
    const method *methods[METHODS]; /* in the order asked for */
    size_t method_count;
    uint32_t epochs, batch, hidden;
    double lr; /* 0: each method's own */
    uint64_t seed;
    unsigned threads;
    const char *data;
    const char *csv; /* NULL: none */
} options;

typedef enum options_verdict {
    OPTIONS_TRAIN,
    OPTIONS_HELP, /* the help is printed */
    OPTIONS_WRONG /* complained */
} options_verdict;

options_verdict options_read(options *chosen, int argc, char **argv);

/* The learning rate to train this method with. */
double options_lr(const options *chosen, const method *trained);

#endif
