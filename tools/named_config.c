/* SPDX-License-Identifier: MIT */
#include "named_config.h"

#include <string.h>

/*
 * Learning rates for descend-train's network and batches of 128: round values near the least training loss after 5
 * epochs. Tried at seeds 1, 2, 3: SGD 0.05 … 0.5, momentum 0.01 … 0.1, RMSprop 3e-4 … 2e-3; at seed 1: Adagrad 0.005 …
 * 0.05, Adamax 1e-3 … 4e-3, RAdam 5e-4 … 2e-3, Rprop 1e-6 … 1e-3, ASGD 0.1 … 0.4, Lion 5e-5 … 2e-4, LAMB 2e-3 … 2e-2,
 * TensorFlow's RMSprop 3e-4 … 2e-3. The others have their default: Adam, AdamW, Signum and AdEMAMix untuned,
 * Adadelta the best of 0.3 … 3, NAdam that of 5e-4 … 2e-3.
 */
static const struct {
    const char *name;
    double lr;
} rates[] = {{"sgd", 0.2},     {"momentum", 0.05}, {"rmsprop", 1e-3},   {"adagrad", 0.05},
             {"adamax", 4e-3}, {"radam", 2e-3},    {"rprop", 1e-3},     {"asgd", 0.2},
             {"lion", 2e-4},   {"lamb", 5e-3},     {"rmsprop_tf", 1e-3}};

static struct named_config all[NAMED_CONFIGS_MAX];
static size_t all_count;

static void add(const char *name, descend_config config)
{
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (strcmp(rates[i].name, name) == 0)
            (void)descend_config_set(&config, "lr",
                                     rates[i].lr); /* every kind has that field, and no rate is below 0 */
    if (all_count < NAMED_CONFIGS_MAX)
        all[all_count++] = (struct named_config){name, config};
}

static void add_kind(descend_kind kind)
{
    descend_config config = descend_config_defaults(kind);
    add(descend_kind_name(kind), config);
    if (kind == DESCEND_SGD) {
        config.sgd.momentum = 0.9;
        add("momentum", config);
    }
}

const struct named_config *named_configs(size_t *count)
{
    if (all_count == 0)
        for (size_t kind = 1; kind <= descend_kind_count(); kind++)
            add_kind((descend_kind)kind);
    *count = all_count;
    return all;
}

const struct named_config *named_config_find(const char *name, size_t length)
{
    size_t count;
    const struct named_config *configs = named_configs(&count);
    for (size_t i = 0; i < count; i++)
        if (strlen(configs[i].name) == length && memcmp(configs[i].name, name, length) == 0)
            return &configs[i];
    return NULL;
}
