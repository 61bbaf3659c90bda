/* SPDX-License-Identifier: MIT */
#include "rule.h"

#include <math.h>

#include "cpu.h"

#define ENTRY(name, NAME, option_sets, passes) [DESCEND_##NAME] = &descend_##name##_rule,
static const struct descend_rule *const rules[RULE_COUNT + 1] = {DESCEND_RULES(ENTRY)};
#undef ENTRY

const struct descend_rule *descend_rule_find(descend_kind kind)
{
    const unsigned number = (unsigned)kind;
    return number <= RULE_COUNT ? rules[number] : NULL;
}

const char *descend_rule_refusal(descend_status status)
{
    for (unsigned kind = 1; kind <= RULE_COUNT; kind++)
        for (size_t i = 0; i < rules[kind]->field_count; i++) {
            const descend_field *field = &rules[kind]->fields[i];
            if (!field->flag && field->status == status)
                return field->refusal;
        }
    return NULL;
}

/* The greatest value of a field. A step divides by the bias correction, which a beta of 1 would make 0; where the
 * caller gives the correction, beta may be 1. */
static double maximum(const descend_field *field, bool corrections_given)
{
    return corrections_given && field->maximum == BELOW_1_MAX ? 1 : field->maximum;
}

static descend_status check_fields(const struct descend_rule *rule, const void *config, bool corrections_given)
{
    for (size_t i = 0; i < rule->field_count; i++) {
        const descend_field *field = &rule->fields[i];
        if (field->flag)
            continue;
        const double value = *(const double *)(const void *)((const char *)config + field->offset);
        if (!(value >= field->minimum && value <= maximum(field, corrections_given)))
            return field->status;
    }
    return DESCEND_OK;
}

/* The range of 1 - beta^step for beta in [0, 1). For these the quotient of rule 3 in docs/numerics.md is proved. */
static bool is_correction(double correction)
{
    return correction >= DBL_EPSILON / 2 && correction <= 1;
}

descend_status descend_prepare(const struct descend_rule *rule, const void *config,
                               const struct descend_step_context *at, struct descend_scalars *scalars,
                               unsigned *options)
{
    if (at->step == 0 || at->step > STEP_MAX)
        return DESCEND_BAD_STEP;
    if (at->corrections_given && !rule->takes_corrections)
        return DESCEND_NEEDS_STEP;
    if (at->corrections_given && !(is_correction(at->bias_correction1) && is_correction(at->bias_correction2)))
        return DESCEND_BAD_BIAS_CORRECTION;
    descend_status status = check_fields(rule, config, at->corrections_given);
    if (status == DESCEND_OK)
        status = rule->prepare(config, at, scalars, options);
    if (status != DESCEND_OK)
        return status;
    for (size_t i = 0; i < rule->scalar_count; i++)
        if (!isfinite(scalars->value[i]))
            return DESCEND_OVERFLOW;
    return DESCEND_OK;
}

/* The arguments and the results of find_initial and check_first_step, which are called guarded. */
struct query {
    const struct descend_rule *rule;
    const void *config;
    size_t state;
    float initial;
    unsigned used;
    descend_status status;
};

static void find_initial(void *context)
{
    struct query *query = context;
    query->initial = query->rule->initial ? query->rule->initial(query->config, query->state) : 0;
}

float descend_rule_initial(const struct descend_rule *rule, const void *config, size_t state)
{
    struct query query = {.rule = rule, .config = config, .state = state};
    descend_guarded(find_initial, &query);
    return query.initial;
}

static void check_first_step(void *context)
{
    struct query *query = context;
    const struct descend_rule *rule = query->rule;
    struct descend_step_context at = {.step = 1, .first = true};
    struct descend_scalars scalars;
    unsigned options = 0;
    if (rule->advance)
        at.scalar = rule->advance(query->config, 1, rule->initial(query->config, rule->array_count));
    query->status = descend_prepare(rule, query->config, &at, &scalars, &options);
    if (query->status == DESCEND_BAD_MU_PRODUCT) /* the scalar state was computed from the config */
        query->status = DESCEND_OVERFLOW;
    if (query->status != DESCEND_OK)
        return;
    const struct state_use use = rule->used(options);
    query->used = use.read | use.written | (rule->advance ? 1u : 0u) << rule->array_count;
}

descend_status descend_rule_check(const struct descend_rule *rule, const void *config, unsigned *used)
{
    struct query query = {.rule = rule, .config = config};
    descend_guarded(check_first_step, &query);
    *used = query.used;
    return query.status;
}
