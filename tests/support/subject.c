#include "subject.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "optimizers.def"

#include "optimizers/adadelta.h"
#include "optimizers/adagrad.h"
#include "optimizers/adam.h"
#include "optimizers/adamax.h"
#include "optimizers/adamw.h"
#include "optimizers/asgd.h"
#include "optimizers/lamb.h"
#include "optimizers/lion.h"
#include "optimizers/nadam.h"
#include "optimizers/radam.h"
#include "optimizers/rmsprop.h"
#include "optimizers/rmsprop_tf.h"
#include "optimizers/rprop.h"
#include "optimizers/sgd.h"

enum { SUBJECTS_MAX = 512 };
static struct subject all[SUBJECTS_MAX];
static size_t all_count;

static void set_label(struct subject *subject, const char *const words[], unsigned bits)
{
    size_t length = (size_t)snprintf(subject->label, sizeof subject->label, "%s", subject->optimizer);
    for (unsigned i = 0; words[i] != NULL; i++)
        if (bits >> i & 1)
            length += (size_t)snprintf(subject->label + length, sizeof subject->label - length, " %s", words[i]);
    assert(length < sizeof subject->label);
}

static unsigned set_count(const char *const words[])
{
    unsigned count = 0;
    while (words[count] != NULL)
        count++;
    return 1u << count;
}

// clang-format off
#define NOTHING(...)
#define POSITION(name, initial, written, read) at_##name,
#define SCALAR_POSITION(optimizer, name, initial) at_##name,
#define ARGUMENT(name, initial, written, read) state[at_##name],
#define SCALAR_ARGUMENT(optimizer, name, initial_) \
    descend_##optimizer##_##name(config, step, n > 0 ? *state[at_##name] : initial_),
#define ELEMENT(name, initial, written, read) &state[at_##name],
#define SCALAR_ELEMENT(optimizer, name, initial) &state[at_##name],
#define NAME(name, initial, written, read) #name,
#define SCALAR_NAME(optimizer, name, initial) #name,
#define INITIAL(name, initial, written, read) initial,
#define SCALAR_INITIAL(optimizer, name, initial) initial,
#define ADVANCE(optimizer, name, initial) \
    static void optimizer##_advance(const void *config, uint64_t step, float *const state[], unsigned at) \
    { \
        *state[at] = descend_##optimizer##_##name(config, step, *state[at]); \
    }
#define SCALAR_ADVANCE(optimizer, name, initial) .advance = optimizer##_advance,
#define SLICES_ONE true
#define SLICES_TWO false
#define SUBJECTS_OF(optimizer_, option_sets, phases, STATES, FIELDS) \
    enum { optimizer_##_states = 0 STATES(COUNT, COUNT), optimizer_##_arrays = 0 STATES(COUNT, NOTHING) }; \
    static descend_status optimizer_##_step(const void *config, uint64_t step, float *param, const float *grad, \
                                            float *const state[], size_t n, const descend_exec *exec) \
    { \
        enum { STATES(POSITION, SCALAR_POSITION) }; \
        return descend_##optimizer_##_step(config, step, STATES(NOTHING, SCALAR_ARGUMENT) param, grad, \
                                           STATES(ARGUMENT, NOTHING) n, exec); \
    } \
    STATES(NOTHING, ADVANCE) \
    static double optimizer_##_initial(const void *config_, unsigned state) \
    { \
        const descend_##optimizer_ *config = config_; \
        const double values[] = {STATES(INITIAL, SCALAR_INITIAL)}; \
        (void)config; \
        return values[state]; \
    } \
    static void optimizer_##_paper(const void *config, uint64_t step, struct bounded *param, struct bounded grad, \
                                   struct bounded state[]) \
    { \
        enum { STATES(POSITION, SCALAR_POSITION) }; \
        optimizer_##_oracle(config, (double)step, STATES(ELEMENT, SCALAR_ELEMENT) param, grad); \
    } \
    static void optimizer_##_subjects(void) \
    { \
        for (unsigned bits = 0; bits < set_count(optimizer_##_words); bits++) { \
            descend_##optimizer_ typed, *config = &typed; \
            if (!optimizer_##_config(bits, config)) \
                continue; \
            assert(all_count < SUBJECTS_MAX); \
            struct subject *subject = &all[all_count++]; \
            *subject = (struct subject){.optimizer = #optimizer_, \
                                        .config_size = sizeof typed, \
                                        .arrays = optimizer_##_arrays, \
                                        .states = optimizer_##_states, \
                                        .used = optimizer_##_uses(config), \
                                        .in_slices = SLICES_##phases, \
                                        .state_name = {STATES(NAME, SCALAR_NAME)}, \
                                        .initial = optimizer_##_initial, \
                                        .step = optimizer_##_step, \
                                        STATES(NOTHING, SCALAR_ADVANCE) \
                                        .oracle = optimizer_##_paper}; \
            memcpy(subject->config, config, sizeof typed); \
            set_label(subject, optimizer_##_words, bits); \
        } \
    }
#define COUNT(...) +1
// clang-format on
DESCEND_OPTIMIZERS(SUBJECTS_OF)

#define COLLECT(optimizer_, option_sets, phases, STATES, FIELDS) optimizer_##_subjects();
const struct subject *subjects(size_t *count)
{
    if (all_count == 0) {
        DESCEND_OPTIMIZERS(COLLECT)
    }
    *count = all_count;
    return all;
}

const struct subject *subject_of(const char *label)
{
    size_t count, i = 0;
    const struct subject *of = subjects(&count);
    while (i < count && strcmp(of[i].label, label) != 0)
        i++;
    assert(i < count);
    return &of[i];
}

static bool same_kind(const struct subject *a, const struct subject *b)
{
    return a->arrays == b->arrays && a->states == b->states && a->in_slices == b->in_slices;
}

void for_each_kind(void (*check)(const struct subject *subject))
{
    size_t count;
    const struct subject *of = subjects(&count);
    for (size_t i = 0; i < count; i++) {
        bool seen = i + 1 < count && strcmp(of[i].optimizer, of[i + 1].optimizer) == 0;
        for (size_t j = 0; j < i; j++)
            seen = seen || (strcmp(of[j].optimizer, of[i].optimizer) != 0 && same_kind(&of[j], &of[i]));
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
