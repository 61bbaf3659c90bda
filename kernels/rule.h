/* SPDX-License-Identifier: MIT */
/* An update rule, for the code that works with any of them. Each rule is a file of rules/. */
#ifndef DESCEND_RULE_H
#define DESCEND_RULE_H

#include <float.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/config.h"
#include "flat.h"
#include "kernels.h"

enum { SCALARS_MAX = 16 };

#define STEP_MAX (UINT64_C(1) << 53)

/* Room for the struct of scalars of any formula; such a struct holds only floats. */
struct descend_scalars {
    float value[SCALARS_MAX];
};

/* What the coefficients of a step depend on beside the config. */
struct descend_step_context {
    uint64_t step;                             /* counts from 1 */
    bool first;                                /* whether no step has used these state arrays yet */
    float scalar;                              /* the scalar state after this step, where the rule has one */
    bool corrections_given;                    /* the caller gave bias corrections instead of a step */
    double bias_correction1, bias_correction2; /* where they are given; else 0 */
};

struct descend_rule {
    descend_kind kind;
    const char *name; /* "adam" */
    size_t config_size, field_count, array_count, state_count, scalar_count;
    const descend_field *fields;
    const descend_state *states; /* the arrays, then the scalar state, if there is one */
    void (*defaults)(void *config);
    bool takes_corrections; /* a step needs nothing of its number but the bias corrections of beta1 and beta2 */
    /* The start value of a state. NULL where all states start at 0. */
    float (*initial)(const void *config, size_t state);
    /* The scalar state after a step, from the one before it. NULL where the rule has no scalar state. */
    float (*advance)(const void *config, uint64_t step, float previous);
    /* The state arrays that these options use. */
    struct state_use (*used)(unsigned options);
    /* From a config whose fields are each in range: checks the fields against each other, and computes the coefficients
     * (the formula's struct of scalars) and the options. A coefficient is computed in double and rounded to float once,
     * where it is stored. */
    descend_status (*prepare)(const void *config, const struct descend_step_context *at, void *scalars,
                              unsigned *options);
    /* Computes the coefficients that depend on the ratio of the norms of parameters and step, which a first pass has
     * reduced. NULL where the rule has one pass. */
    void (*after_reduce)(const void *config, double ratio, void *scalars);
};

#define DECLARE_RULE(name, NAME, option_sets, passes) extern const struct descend_rule descend_##name##_rule;
DESCEND_RULES(DECLARE_RULE)
#undef DECLARE_RULE

/* The rule of a kind; NULL where there is no such kind. */
const struct descend_rule *descend_rule_find(descend_kind kind);

/* The message for the status of a field out of its range; NULL where it is another status. */
const char *descend_rule_refusal(descend_status status);

/* Makes all checks of a step but those of arrays, and computes its coefficients and options. To be called guarded
 * (cpu.h). */
descend_status descend_prepare(const struct descend_rule *rule, const void *config,
                               const struct descend_step_context *at, struct descend_scalars *scalars,
                               unsigned *options);

/* Checks the config as a first step does; *used are the states that it uses, one bit each. */
descend_status descend_rule_check(const struct descend_rule *rule, const void *config, unsigned *used);

/* The start value of a state. */
float descend_rule_initial(const struct descend_rule *rule, const void *config, size_t state);

/* The number of elements of a state of a tensor of n elements. */
static inline size_t descend_state_length(const struct descend_rule *rule, size_t state, size_t n)
{
    return state < rule->array_count || n == 0 ? n : 1;
}

/*
 * Macros for the files of rules/. The ranges of numbers are inclusive. MAGNITUDE is for learning rates, decays, eps and
 * momenta, SMOOTHING for the coefficients of exponential averages.
 */
#define MAGNITUDE(name) 0, DBL_MAX, name " is negative or not finite"
#define BELOW_1_MAX (1 - DBL_EPSILON / 2)
#define SMOOTHING(name) 0, BELOW_1_MAX, name " is not in [0, 1)"
#define FINITE(name) -DBL_MAX, DBL_MAX, name " is not finite"
#define BELOW_1(name) DBL_TRUE_MIN, BELOW_1_MAX, name " is not in (0, 1)"
#define ABOVE_1(name) (1 + DBL_EPSILON), DBL_MAX, name " is not above 1 and finite"
// clang-format off
#define NUMBER(config, member, range, status) {#member, false, range(#member), status, offsetof(config, member)}
#define FLAG(config, member) \
    {#member, true, 0, 1, #member " is neither 0 nor 1", DESCEND_BAD_FLAG, offsetof(config, member)}
// clang-format on

#define LENGTH(array) (sizeof(array) / sizeof *(array))

/* The number of members of a config, which are doubles, then bools, of which maximize is the last. */
#define CONFIG_MEMBERS(config) \
    (offsetof(config, maximize) / sizeof(double) + offsetof(config, maximize) % sizeof(double) + 1)

/* The option where the condition holds, else 0. Does not compile for an option that no kernel is compiled for. */
#define OPTION(option_sets, option, condition)                                                                   \
    ((condition)                                                                                                 \
         ? (unsigned)(option) + 0 * ASSERTED((int)(option) < (int)(option_sets), "an option beyond OPTION_SETS") \
         : 0u)
#define ASSERTED(condition, message)        \
    sizeof(struct {                         \
        int unused;                         \
        _Static_assert(condition, message); \
    })

/* The members of a struct descend_rule that follow from the rule's tables and types. */
#define RULE_TABLES(NAME, config, scalars)                                                                        \
    .kind = DESCEND_##NAME, .config_size = sizeof(config), .field_count = LENGTH(fields),                         \
    .array_count = NAME##_STATES, .state_count = LENGTH(states), .scalar_count = sizeof(scalars) / sizeof(float), \
    .fields = fields, .states = states

/* Asserts that fields[] has all members of the config, and states[] all state arrays of the formula; extra is 1 where a
 * scalar state follows them. */
#define CHECK_RULE(NAME, config, scalars, extra)                                                           \
    _Static_assert(LENGTH(fields) == CONFIG_MEMBERS(config), "fields[] is not the members of the config"); \
    _Static_assert(sizeof(config) / _Alignof(config) == offsetof(config, maximize) / _Alignof(config) + 1, \
                   "maximize is not the config's last member");                                            \
    _Static_assert(LENGTH(states) == NAME##_STATES + (extra), "states[] is not the formula's states");     \
    _Static_assert((int)NAME##_STATES <= (int)STATES_MAX, "more states than struct lanes has");            \
    _Static_assert(sizeof(scalars) <= sizeof(struct descend_scalars), "SCALARS_MAX is too small");         \
    _Static_assert(sizeof(config) <= sizeof(((descend_config *)NULL)->room), "the config exceeds descend_config")

#endif
