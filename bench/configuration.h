/* SPDX-License-Identifier: MIT */
/* What is measured: every kind of optimizer with its default config, and some with options that take other kernels. */
#ifndef DESCEND_BENCH_CONFIGURATION_H
#define DESCEND_BENCH_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>

#include "descend/config.h"

struct configuration {
    const char *label; /* in the rows' names: "sgd momentum" */
    descend_config config;
    unsigned arrays;      /* which of the kind's states are arrays and in use, one bit each */
    unsigned array_count; /* how many these are */
    bool one_pass;        /* over the arrays; otherwise there are two, the first to add up norms */
};

/* All of them, grouped by kind; *count of them. */
const struct configuration *configurations(size_t *count);

#endif
