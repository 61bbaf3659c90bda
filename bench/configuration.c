/* SPDX-License-Identifier: MIT */
#include "configuration.h"

#include <stdio.h>
#include <stdlib.h>

#include "rule.h"

enum { SETTINGS_MAX = 2 };

/* The configs beside every kind's defaults. Weight decay, dampening and maximize are left out: they cost no time. */
static const struct variation {
    descend_kind kind;
    const char *label;
    struct {
        const char *field;
        double value;
    } setting[SETTINGS_MAX];
} variations[] = {
    {DESCEND_SGD, "sgd momentum", {{"momentum", 0.9}}},
    {DESCEND_SGD, "sgd momentum nesterov", {{"momentum", 0.9}, {"nesterov", true}}},
    {DESCEND_RMSPROP, "rmsprop momentum", {{"momentum", 0.9}}},
    {DESCEND_RMSPROP, "rmsprop centered", {{"centered", true}}},
    {DESCEND_RMSPROP, "rmsprop centered momentum", {{"centered", true}, {"momentum", 0.9}}},
    {DESCEND_ADAM, "adam amsgrad", {{"amsgrad", true}}},
    {DESCEND_ADAMW, "adamw amsgrad", {{"amsgrad", true}}},
    {DESCEND_ASGD, "asgd averaging", {{"t0", 0}}},
    {DESCEND_RMSPROP_TF, "rmsprop_tf momentum", {{"momentum", 0.9}}},
};

static struct configuration all[RULE_COUNT + sizeof variations / sizeof *variations];
static size_t all_count;

static void add(const char *label, const descend_config *config)
{
    const unsigned used = descend_config_states(config);
    struct configuration *added = &all[all_count++];
    *added = (struct configuration){.label = label, .config = *config};
    added->one_pass = descend_rule_find(config->kind)->after_reduce == NULL;
    for (size_t i = 0; i < descend_kind_state_count(config->kind); i++)
        if (used >> i & 1 && !descend_kind_state(config->kind, i)->scalar) {
            added->arrays |= 1u << i;
            added->array_count++;
        }
}

static void add_variation(const struct variation *variation)
{
    descend_config config = descend_config_defaults(variation->kind);
    for (size_t i = 0; i < SETTINGS_MAX && variation->setting[i].field; i++) {
        const descend_status status =
            descend_config_set(&config, variation->setting[i].field, variation->setting[i].value);
        if (status != DESCEND_OK) {
            fprintf(stderr, "descend-bench: %s: %s\n", variation->label, descend_status_string(status));
            exit(EXIT_FAILURE);
        }
    }
    add(variation->label, &config);
}

static void add_kind(descend_kind kind)
{
    const descend_config config = descend_config_defaults(kind);
    add(descend_kind_name(kind), &config);
    for (size_t i = 0; i < sizeof variations / sizeof *variations; i++)
        if (variations[i].kind == kind)
            add_variation(&variations[i]);
}

const struct configuration *configurations(size_t *count)
{
    if (all_count == 0)
        for (size_t kind = 1; kind <= descend_kind_count(); kind++)
            add_kind((descend_kind)kind);
    *count = all_count;
    return all;
}
