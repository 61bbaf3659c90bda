/* SPDX-License-Identifier: MIT */
/* The functions of descend/config.h that describe the kinds, and that read and set config fields by name. */
#include "descend/config.h"

#include <math.h>
#include <string.h>

#include "cpu.h"
#include "flat.h"
#include "rule.h"

size_t descend_kind_count(void)
{
    return RULE_COUNT;
}

const char *descend_kind_name(descend_kind kind)
{
    const struct descend_rule *rule = descend_rule_find(kind);
    return rule ? rule->name : NULL;
}

descend_kind descend_kind_find(const char *name)
{
    for (unsigned kind = 1; kind <= RULE_COUNT; kind++)
        if (name && strcmp(descend_kind_name((descend_kind)kind), name) == 0)
            return (descend_kind)kind;
    return DESCEND_KIND_NONE;
}

size_t descend_kind_field_count(descend_kind kind)
{
    const struct descend_rule *rule = descend_rule_find(kind);
    return rule ? rule->field_count : 0;
}

const descend_field *descend_kind_field(descend_kind kind, size_t field)
{
    return field < descend_kind_field_count(kind) ? &descend_rule_find(kind)->fields[field] : NULL;
}

size_t descend_kind_state_count(descend_kind kind)
{
    const struct descend_rule *rule = descend_rule_find(kind);
    return rule ? rule->state_count : 0;
}

const descend_state *descend_kind_state(descend_kind kind, size_t state)
{
    return state < descend_kind_state_count(kind) ? &descend_rule_find(kind)->states[state] : NULL;
}

descend_config descend_config_defaults(descend_kind kind)
{
    const struct descend_rule *rule = descend_rule_find(kind);
    descend_config config;
    memset(&config, 0, sizeof config);
    if (rule) {
        config.kind = kind;
        rule->defaults(config.room);
    }
    return config;
}

/* Finds a field by its name; value is only checked not to be NULL. */
static descend_status find_field(const descend_config *config, const char *name, const void *value,
                                 const descend_field **field)
{
    if (config == NULL || name == NULL || value == NULL)
        return DESCEND_NULL_CONFIG;
    const struct descend_rule *rule = descend_rule_find(config->kind);
    if (rule == NULL)
        return DESCEND_BAD_KIND;
    for (size_t i = 0; i < rule->field_count; i++)
        if (strcmp(rule->fields[i].name, name) == 0) {
            *field = &rule->fields[i];
            return DESCEND_OK;
        }
    return DESCEND_BAD_FIELD;
}

static void *member(descend_config *config, const descend_field *field)
{
    return (char *)config->room + field->offset;
}

/* The arguments of set_field, which is called guarded: with flush to zero a subnormal value would compare as 0. */
struct setting {
    descend_config *config;
    const descend_field *field;
    double value;
    descend_status status;
};

static void set_field(void *context)
{
    struct setting *setting = context;
    const descend_field *field = setting->field;
    const double value = setting->value;
    if (!(value >= field->minimum && value <= field->maximum) || (field->flag && value != 0 && value != 1))
        setting->status = field->status;
    else if (field->flag)
        *(bool *)member(setting->config, field) = value != 0;
    else
        *(double *)member(setting->config, field) = value;
}

descend_status descend_config_set(descend_config *config, const char *field, double value)
{
    struct setting setting = {.config = config, .value = value};
    setting.status = find_field(config, field, &value, &setting.field);
    if (setting.status == DESCEND_OK)
        descend_guarded(set_field, &setting);
    return setting.status;
}

descend_status descend_config_get(const descend_config *config, const char *name, double *value)
{
    const descend_field *field = NULL;
    const descend_status status = find_field(config, name, value, &field);
    if (status != DESCEND_OK)
        return status;
    const char *at = (const char *)config->room + field->offset;
    if (field->flag)
        *value = *(const bool *)at;
    else
        memcpy(value, at, sizeof *value);
    return DESCEND_OK;
}

float descend_config_initial(const descend_config *config, size_t state)
{
    const struct descend_rule *rule = config ? descend_rule_find(config->kind) : NULL;
    return rule && state < rule->state_count ? descend_rule_initial(rule, config->room, state) : NAN;
}

unsigned descend_config_states(const descend_config *config)
{
    const struct descend_rule *rule = config ? descend_rule_find(config->kind) : NULL;
    unsigned used = 0;
    if (rule)
        (void)descend_rule_check(rule, config->room, &used);
    return used;
}

float descend_config_advance(const descend_config *config, uint64_t step, float previous)
{
    const struct descend_rule *rule = config ? descend_rule_find(config->kind) : NULL;
    return rule && rule->advance ? descend_flat_advance(rule, config->room, step, previous) : NAN;
}
