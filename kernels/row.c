#include "vec/scalar.h"

#include "optimizers.h"
#include "row.h"

#define NOTHING(...)
#define COUNT(...) +1

/* A row's functions, for any config. */
// clang-format off
#define INITIAL(name, initial, written, read) (float)(initial),
#define INITIAL_SCALAR(optimizer, name, initial) (float)(initial),
#define ADVANCE(optimizer, name, initial) \
    static float optimizer##_advance(const void *config, uint64_t step, float previous) \
    { \
        return optimizer##_##name(config, step, previous); \
    }
#define SECOND_ONE(name)
#define SECOND_TWO(name) \
    static void name##_second_row(const void *config, double ratio, struct descend_scalars *scalars) \
    { \
        name##_second(config, ratio, (void *)scalars); \
    }
#define FUNCTIONS(name, option_sets, phases, STATES, FIELDS) \
    static float name##_initial(const void *config_, size_t state) \
    { \
        const descend_##name *config = config_; \
        const float values[] = {STATES(INITIAL, INITIAL_SCALAR)}; \
        (void)config; \
        return values[state]; \
    } \
    static descend_status name##_prepare_row(const void *config, const struct descend_point *at, \
                                             struct descend_scalars *scalars, unsigned *options) \
    { \
        _Static_assert(sizeof(struct name##_scalars) <= sizeof *scalars, "SCALARS_MAX is too small"); \
        _Static_assert(sizeof(descend_##name) <= CONFIG_MAX, "CONFIG_MAX is too small"); \
        return name##_prepare(config, at, (void *)scalars, options); \
    } \
    STATES(NOTHING, ADVANCE) \
    SECOND_##phases(name)
// clang-format on
DESCEND_OPTIMIZERS(FUNCTIONS)

// clang-format off
#define STATE_NAME(name, initial, written, read) #name,
#define SCALAR_NAME(optimizer, name, initial) #name,
#define SCALAR_ADVANCE(optimizer, name, initial) .advance = optimizer##_advance,
#define ROW_ONE(name)
#define ROW_TWO(name) .second = name##_second_row,
#define NUMBER(type, member, range, status) \
    {#member, offsetof(type, member), false, RANGE_##range, DESCEND_BAD_##status},
#define FLAG(type, member) {.name = #member, .offset = offsetof(type, member), .flag = true},
#define ROW(name_, option_sets, phases, STATES, FIELDS) \
    { \
        .name = #name_, \
        .config_size = sizeof(descend_##name_), \
        .scalar_count = sizeof(struct name_##_scalars) / sizeof(float), \
        .arrays = 0 STATES(COUNT, NOTHING), \
        .states = 0 STATES(COUNT, COUNT), \
        .fields = 0 FIELDS(COUNT, COUNT, ), \
        .state = {STATES(STATE_NAME, SCALAR_NAME)}, \
        .field = {FIELDS(NUMBER, FLAG, descend_##name_)}, \
        .initial = name_##_initial, \
        .used = name_##_writes, \
        .prepare = name_##_prepare_row, \
        STATES(NOTHING, SCALAR_ADVANCE) \
        ROW_##phases(name_) \
    },
// clang-format on
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
