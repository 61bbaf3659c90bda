#include "vec/scalar.h"

#include "contender.h"

#include <string.h>

#include "optimizers.h"

/* NAIVE_WAYS comes from CMake: NAIVE(id) for each way that naive.c was compiled. */
#define NAIVE(id) extern const struct naive naive_##id;
NAIVE_WAYS
#undef NAIVE

const struct naive *const *naive_all(size_t *count)
{
#define NAIVE(id) &naive_##id,
    static const struct naive *const all[] = {NAIVE_WAYS};
#undef NAIVE
    *count = sizeof all / sizeof *all;
    return all;
}

bool naive_update(const struct naive *naive, const struct subject *subject, struct memory *memory)
{
    float *const *array = memory->array;
    if (strcmp(subject->label, "sgd") == 0)
        naive->sgd(memory->n, array[0], array[1]);
    else if (strcmp(subject->label, "sgd momentum") == 0)
        naive->momentum(memory->n, array[0], array[1], array[2]);
    else if (strcmp(subject->label, "rmsprop") == 0)
        naive->rmsprop(memory->n, array[0], array[1], array[2]);
    else if (strcmp(subject->label, "adam") == 0)
        naive->adam(memory->n, array[0], array[1], array[2], array[3], CONTENDER_STEP);
    else
        return false;
    return true;
}

#ifdef AUTOVECTORISED
extern const struct descend_kernels descend_kernels_autovec;
const struct descend_kernels *const autovectorised = &descend_kernels_autovec;

#define UPDATE(optimizer_, option_sets, STATES, FIELDS)                                                                    \
    if (strcmp(subject->optimizer, #optimizer_) == 0) {                                                            \
        struct optimizer_##_scalars scalars;                                                                       \
        const void *config = subject->config;                                                                      \
        if (optimizer_##_prepare(config, CONTENDER_STEP, false, &scalars, &options) == DESCEND_OK)                        \
            autovectorised->kernel[OPTIMIZER_##optimizer_][LAYOUT_f32][BODY_BARE][options](&scalars, &streams, 0, memory->n); \
    }

void autovectorised_update(const struct subject *subject, struct memory *memory)
{
    float *const *array = memory->array;
    const struct descend_streams streams = {.param = array[0], .grad = array[1], .state = {array[2], array[3], array[4]}};
    unsigned options = 0;
    DESCEND_OPTIMIZERS(UPDATE)
}
#else
const struct descend_kernels *const autovectorised = NULL;

void autovectorised_update(const struct subject *subject, struct memory *memory)
{
    (void)subject, (void)memory;
}
#endif
