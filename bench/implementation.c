/* SPDX-License-Identifier: MIT */
#include "implementation.h"

#include <string.h>

#include "naive.h"
#include "rule.h"
#include "separate.h"

enum { STEP = 100003 }; /* powers of a large number take the most time to compute */

static descend_status variant_update(const struct implementation *implementation,
                                     const struct configuration *configuration, struct memory *memory, unsigned threads)
{
    (void)implementation;
    static const descend_exec one_thread = {.threads = 1}; /* static: clearing one in each call would show at small n */
    const descend_exec *exec = threads == 1 ? &one_thread : &(descend_exec){.threads = threads};
    float *const *array = memory->array, *state[STATES_MAX + 1], scalar = 0.5f;
    for (size_t i = 0, next = 2; i <= STATES_MAX; i++)
        state[i] = configuration->arrays >> i & 1 ? array[next++] : &scalar;
    return descend_step(&configuration->config, STEP, array[0], array[1], state, memory->n, exec);
}

enum textbook { TEXTBOOK_SGD, TEXTBOOK_MOMENTUM, TEXTBOOK_RMSPROP, TEXTBOOK_ADAM, TEXTBOOKS };

/* Returns TEXTBOOKS where naive.c has no loop for the configuration. */
static enum textbook textbook_of(const struct configuration *configuration)
{
    static const char *const labels[TEXTBOOKS] = {"sgd", "sgd momentum", "rmsprop", "adam"};
    unsigned found = 0;
    while (found < TEXTBOOKS && strcmp(configuration->label, labels[found]) != 0)
        found++;
    return (enum textbook)found;
}

static descend_status naive_update(const struct implementation *implementation,
                                   const struct configuration *configuration, struct memory *memory, unsigned threads)
{
    (void)threads;
    const struct naive *naive = implementation->functions;
    float *const *array = memory->array;
    const enum textbook textbook = textbook_of(configuration);
    if (textbook == TEXTBOOK_SGD)
        naive->sgd(memory->n, array[0], array[1]);
    else if (textbook == TEXTBOOK_MOMENTUM)
        naive->momentum(memory->n, array[0], array[1], array[2]);
    else if (textbook == TEXTBOOK_RMSPROP)
        naive->rmsprop(memory->n, array[0], array[1], array[2]);
    else
        naive->adam(memory->n, array[0], array[1], array[2], array[3], STEP);
    return DESCEND_OK;
}

/* Coefficients and options, computed anew in each step as the library does. */
static descend_status prepare(const struct configuration *configuration, struct descend_scalars *scalars,
                              unsigned *options)
{
    const descend_config *config = &configuration->config;
    const struct descend_step_context at = {.step = STEP, .scalar = 0.5f};
    return descend_prepare(descend_rule_find(config->kind), config->room, &at, scalars, options);
}

static descend_status separate_update(const struct implementation *implementation,
                                      const struct configuration *configuration, struct memory *memory,
                                      unsigned threads)
{
    (void)threads;
    const struct separate_kernels *kernels = implementation->functions;
    const struct descend_streams streams = memory_streams(memory);
    struct descend_scalars scalars;
    unsigned options;
    const descend_status status = prepare(configuration, &scalars, &options);
    if (status == DESCEND_OK)
        kernels->adam(&scalars, &streams, 0, memory->n);
    return status;
}

#ifdef AUTOVECTORISED
static descend_status autovec_update(const struct implementation *implementation,
                                     const struct configuration *configuration, struct memory *memory, unsigned threads)
{
    (void)threads;
    const struct descend_kernels *kernels = implementation->functions;
    const struct descend_streams streams = memory_streams(memory);
    struct descend_scalars scalars;
    unsigned options = 0;
    const descend_status status = prepare(configuration, &scalars, &options);
    if (status == DESCEND_OK)
        kernels->rule[configuration->config.kind].stream[options](&scalars, &streams, 0, memory->n);
    return status;
}
#endif

/* NAIVE_WAYS comes from CMake: NAIVE(id) for each way that naive.c was compiled. */
#define NAIVE(id) extern const struct naive naive_##id;
NAIVE_WAYS
#undef NAIVE
#define NAIVE(id) &naive_##id,
static const struct naive *const naive_ways[] = {NAIVE_WAYS NULL};
#undef NAIVE

#define ISA(name) +1
enum { ISAS = 0 DESCEND_ISAS, WAYS = sizeof naive_ways / sizeof *naive_ways - 1 };
#undef ISA

static struct implementation all[ISAS + 2 + WAYS];
static size_t all_count;

static void add(const char *name, const char *isa, implementation_update *update, const void *functions)
{
    all[all_count++] = (struct implementation){name, update == variant_update, isa, update, functions};
}

static void add_all(void)
{
    const char *active = descend_isa_active();
    for (size_t i = 0; i < descend_isa_count(); i++)
        if (descend_isa_supported(descend_isa_name(i)))
            add(descend_isa_name(i), descend_isa_name(i), variant_update, NULL);
    add("separate", active, separate_update, separate_find(active));
#ifdef AUTOVECTORISED
    extern const struct descend_kernels descend_kernels_autovec;
    if (descend_isa_supported("avx2"))
        add("autovec", active, autovec_update, &descend_kernels_autovec);
#endif
    for (size_t i = 0; i < WAYS; i++)
        add(naive_ways[i]->name, active, naive_update, naive_ways[i]);
}

const struct implementation *implementations(size_t *count)
{
    if (all_count == 0)
        add_all();
    *count = all_count;
    return all;
}

bool implementation_can(const struct implementation *implementation, const struct configuration *configuration)
{
    if (implementation->update == separate_update)
        return strcmp(configuration->label, "adam") == 0;
#ifdef AUTOVECTORISED
    if (implementation->update == autovec_update)
        return configuration->one_pass;
#endif
    if (implementation->update == naive_update)
        return textbook_of(configuration) != TEXTBOOKS;
    return true;
}

descend_status implementation_select(const struct implementation *implementation)
{
    return implementation->variant ? descend_isa_force(implementation->isa) : DESCEND_OK;
}
