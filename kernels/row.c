#include "vec/scalar.h"

#include "optimizers.h"
#include "row.h"

#define INITIAL(name, initial, written, read) (float)(initial),
#define FUNCTIONS(name, option_sets, STATES, FIELDS)                                                  \
    static float name##_initial(const void *config_, size_t state)                                    \
    {                                                                                                 \
        const descend_##name *config = config_;                                                       \
        const float values[] = {STATES(INITIAL)};                                                     \
        (void)config;                                                                                 \
        return values[state];                                                                         \
    }                                                                                                 \
    static descend_status name##_prepare_row(const void *config, const struct descend_point *at,      \
                                             struct descend_scalars *scalars, unsigned *options)      \
    {                                                                                                 \
        _Static_assert(sizeof(struct name##_scalars) <= sizeof *scalars, "SCALARS_MAX is too small"); \
        _Static_assert(sizeof(descend_##name) <= CONFIG_MAX, "CONFIG_MAX is too small");              \
        return name##_prepare(config, at, (void *)scalars, options);                                  \
    }
DESCEND_OPTIMIZERS(FUNCTIONS)

#define COUNT_STATE(name, initial, written, read) +1
#define COUNT_NUMBER(type, member, range, status) +1
#define COUNT_FLAG(type, member) +1
#define STATE_NAME(name, initial, written, read) #name,
#define NUMBER(type, member, range, status) \
    {#member, offsetof(type, member), false, RANGE_##range, DESCEND_BAD_##status},
#define FLAG(type, member) {.name = #member, .offset = offsetof(type, member), .flag = true},
#define ROW(name_, option_sets, STATES, FIELDS)                         \
    {                                                                   \
        .name = #name_,                                                 \
        .config_size = sizeof(descend_##name_),                         \
        .scalar_count = sizeof(struct name_##_scalars) / sizeof(float), \
        .states = 0 STATES(COUNT_STATE),                                \
        .fields = 0 FIELDS(COUNT_NUMBER, COUNT_FLAG, ),                 \
        .state = {STATES(STATE_NAME)},                                  \
        .field = {FIELDS(NUMBER, FLAG, descend_##name_)},               \
        .initial = name_##_initial,                                     \
        .used = name_##_writes,                                         \
        .prepare = name_##_prepare_row,                                 \
    },
const struct descend_row descend_rows[OPTIMIZER_COUNT] = {DESCEND_OPTIMIZERS(ROW)};

static descend_status check_fields(const struct descend_row *row, const void *config)
{
    for (size_t i = 0; i < row->fields; i++) {
        const struct descend_field *field = &row->field[i];
        if (field->flag)
            continue;
        const double value = *(const double *)(const void *)((const char *)config + field->offset);
        if (!(value >= field->least && value <= field->most))
            return field->bad;
    }
    return DESCEND_OK;
}

descend_status descend_prepare(const struct descend_row *row, const void *config, const struct descend_point *at,
                               struct descend_scalars *scalars, unsigned *options)
{
    if (at->step == 0 || at->step > UINT64_C(1) << 53)
        return DESCEND_BAD_STEP;
    descend_status status = check_fields(row, config);
    if (status == DESCEND_OK)
        status = row->prepare(config, at, scalars, options);
    if (status != DESCEND_OK)
        return status;
    for (size_t i = 0; i < row->scalar_count; i++)
        if (!isfinite(scalars->value[i]))
            return DESCEND_OVERFLOW;
    return DESCEND_OK;
}
