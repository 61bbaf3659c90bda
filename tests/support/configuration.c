/* SPDX-License-Identifier: MIT */
#include "configuration.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "rules.def"

#include "all_rules.h"

enum { CONFIGURATIONS_MAX = 512 };
static struct configuration all[CONFIGURATIONS_MAX];
static size_t all_count;

static void set_label(struct configuration *configuration, const char *const words[], unsigned bits)
{
    size_t length = (size_t)snprintf(configuration->label, sizeof configuration->label, "%s", configuration->optimizer);
    for (unsigned i = 0; words[i] != NULL; i++)
        if (bits >> i & 1)
            length +=
                (size_t)snprintf(configuration->label + length, sizeof configuration->label - length, " %s", words[i]);
    assert(length < sizeof configuration->label);
}

static unsigned set_count(const char *const words[])
{
    unsigned count = 0;
    while (words[count] != NULL)
        count++;
    return 1u << count;
}

/* Everything that is the same for all option sets of a kind. */
static struct configuration of_kind(descend_kind kind)
{
    struct configuration configuration = {.kind = kind, .optimizer = descend_kind_name(kind), .config = {.kind = kind}};
    configuration.states = (unsigned)descend_kind_state_count(kind);
    assert(configuration.states <= CONFIGURATION_STATES);
    for (unsigned k = 0; k < configuration.states; k++) {
        configuration.state_name[k] = descend_kind_state(kind, k)->name;
        configuration.arrays += !descend_kind_state(kind, k)->scalar;
    }
    return configuration;
}

static void add(const struct configuration *configuration, const char *const words[], unsigned bits)
{
    assert(all_count < CONFIGURATIONS_MAX);
    all[all_count] = *configuration;
    set_label(&all[all_count++], words, bits);
}

#define IN_SLICES_STREAM true
#define IN_SLICES_REDUCE_STREAM false
#define CONFIGURATIONS_OF(name, NAME, option_sets, passes)                    \
    static void add_##name(void)                                              \
    {                                                                         \
        struct configuration configuration = of_kind(DESCEND_##NAME);         \
        configuration.step = name##_step;                                     \
        configuration.oracle = name##_oracle;                                 \
        configuration.expected = &name##_expected;                            \
        configuration.in_slices = IN_SLICES_##passes;                         \
        for (unsigned bits = 0; bits < set_count(name##_words); bits++)       \
            if (name##_config(bits, &configuration.config.name)) {            \
                configuration.used = name##_uses(&configuration.config.name); \
                add(&configuration, name##_words, bits);                      \
            }                                                                 \
    }
DESCEND_RULES(CONFIGURATIONS_OF)

#define ADD(name, NAME, option_sets, passes) add_##name();
const struct configuration *configurations(size_t *count)
{
    if (all_count == 0) {
        DESCEND_RULES(ADD)
    }
    *count = all_count;
    return all;
}

const struct configuration *configuration_of(const char *label)
{
    size_t count, i = 0;
    const struct configuration *of = configurations(&count);
    while (i < count && strcmp(of[i].label, label) != 0)
        i++;
    assert(i < count);
    return &of[i];
}

static bool same_structure(const struct configuration *a, const struct configuration *b)
{
    return a->arrays == b->arrays && a->states == b->states && a->in_slices == b->in_slices;
}

void for_each_structure(void (*check)(const struct configuration *configuration))
{
    size_t count;
    const struct configuration *of = configurations(&count);
    for (size_t i = 0; i < count; i++) {
        bool seen = i + 1 < count && strcmp(of[i].optimizer, of[i + 1].optimizer) == 0;
        for (size_t j = 0; j < i; j++)
            seen = seen || (strcmp(of[j].optimizer, of[i].optimizer) != 0 && same_structure(&of[j], &of[i]));
        if (!seen)
            check(&of[i]);
    }
}

const char *const *variants(void)
{
    static const char *names[16];
    static size_t count;
    if (count == 0) {
        printf("variants:");
        for (size_t i = 0; i < descend_isa_count(); i++) {
            const char *name = descend_isa_name(i);
            const bool runs = descend_isa_supported(name);
            printf(" %s%s", name, runs ? "" : " (skipped: this machine cannot run it)");
            if (runs)
                names[count++] = name;
            assert(count < sizeof names / sizeof *names);
        }
        printf("\n");
        fflush(stdout);
    }
    return names;
}
