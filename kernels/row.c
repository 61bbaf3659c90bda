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
    static descend_status name##_prepare_row(const void *config, uint64_t step, bool first,           \
                                             struct descend_scalars *scalars, unsigned *options)      \
    {                                                                                                 \
        _Static_assert(sizeof(struct name##_scalars) <= sizeof *scalars, "SCALARS_MAX is too small"); \
        _Static_assert(sizeof(descend_##name) <= CONFIG_MAX, "CONFIG_MAX is too small");              \
        return name##_prepare(config, step, first, (void *)scalars, options);                         \
    }
DESCEND_OPTIMIZERS(FUNCTIONS)

#define COUNT_STATE(name, initial, written, read) +1
#define COUNT_FIELD(type, member) +1
#define STATE_NAME(name, initial, written, read) #name,
#define NUMBER(type, member) {#member, offsetof(type, member), false},
#define FLAG(type, member) {#member, offsetof(type, member), true},
#define ROW(name_, option_sets, STATES, FIELDS)                         \
    {                                                                   \
        .name = #name_,                                                 \
        .config_size = sizeof(descend_##name_),                         \
        .scalar_count = sizeof(struct name_##_scalars) / sizeof(float), \
        .states = 0 STATES(COUNT_STATE),                                \
        .fields = 0 FIELDS(COUNT_FIELD, COUNT_FIELD, ),                 \
        .state = {STATES(STATE_NAME)},                                  \
        .field = {FIELDS(NUMBER, FLAG, descend_##name_)},               \
        .initial = name_##_initial,                                     \
        .used = name_##_writes,                                         \
        .prepare = name_##_prepare_row,                                 \
    },
const struct descend_row descend_rows[OPTIMIZER_COUNT] = {DESCEND_OPTIMIZERS(ROW)};

descend_status descend_prepare(const struct descend_row *row, const void *config, uint64_t step, bool first,
                               struct descend_scalars *scalars, unsigned *options)
{
    if (step == 0 || step > UINT64_C(1) << 53)
        return DESCEND_BAD_STEP;
    const descend_status status = row->prepare(config, step, first, scalars, options);
    if (status != DESCEND_OK)
        return status;
    for (size_t i = 0; i < row->scalar_count; i++)
        if (!isfinite(scalars->value[i]))
            return DESCEND_OVERFLOW;
    return DESCEND_OK;
}
