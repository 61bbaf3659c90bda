#include "vec/scalar.h"

#include "contender.h"

#include <string.h>

#include "kernels.h"
#include "naive.h"
#include "optimizers.h"
#include "separate.h"

enum { STEP = 100003 }; /* a count whose powers cost the most */
static const struct descend_point at = {.step = STEP};

/* The states in use, first: all that the limit's kernel knows of a subject is how many. */
static void use_states(const struct subject *subject, float *const all[], float *state[SUBJECT_STATES])
{
    size_t next = 0;
    for (size_t i = 0; i < SUBJECT_STATES; i++)
        state[i] = subject->used >> i & 1 ? all[next++] : NULL; /* a scalar too: any value there is good */
}

static descend_status variant_update(const struct contender *contender, const struct subject *subject,
                                     struct memory *memory, unsigned threads)
{
    (void)contender;
    float *const *array = memory->array, *state[SUBJECT_STATES];
    static const descend_exec alone = {.threads = 1}; /* clearing one each time would be seen at small n */
    const descend_exec *exec = threads == 1 ? &alone : &(descend_exec){.threads = threads};
    use_states(subject, array + 2, state);
    return subject->step(subject->config, STEP, array[0], array[1], state, memory->n, exec);
}

static descend_status naive_update(const struct contender *contender, const struct subject *subject,
                                   struct memory *memory, unsigned threads)
{
    (void)threads;
    const struct naive *naive = contender->way;
    float *const *array = memory->array;
    if (strcmp(subject->label, "sgd") == 0)
        naive->sgd(memory->n, array[0], array[1]);
    else if (strcmp(subject->label, "sgd momentum") == 0)
        naive->momentum(memory->n, array[0], array[1], array[2]);
    else if (strcmp(subject->label, "rmsprop") == 0)
        naive->rmsprop(memory->n, array[0], array[1], array[2]);
    else
        naive->adam(memory->n, array[0], array[1], array[2], array[3], STEP);
    return DESCEND_OK;
}

/* Prepares the scalars each time, as the library does. */
static descend_status separate_update(const struct contender *contender, const struct subject *subject,
                                      struct memory *memory, unsigned threads)
{
    (void)threads;
    const struct separate_kernels *kernels = contender->way;
    float *const *array = memory->array;
    const struct descend_streams streams = {
        .param = array[0], .grad = array[1], .state = {array[2], array[3], array[4]}};
    struct adam_scalars scalars;
    unsigned options;
    const void *config = subject->config;
    const descend_status status = adam_prepare(config, &at, &scalars, &options);
    if (status == DESCEND_OK)
        kernels->adam(&scalars, &streams, 0, memory->n);
    return status;
}

/* The scalar vocabulary compiled for AVX2, left to the compiler's own vectoriser. */
#ifdef AUTOVECTORISED
#define UPDATE(optimizer_, option_sets, phases, STATES, FIELDS)                                                        \
    if (strcmp(subject->optimizer, #optimizer_) == 0) {                                                                \
        struct optimizer_##_scalars scalars;                                                                           \
        const void *config = subject->config;                                                                          \
        status = optimizer_##_prepare(config, &at, &scalars, &options);                                                \
        if (status == DESCEND_OK)                                                                                      \
            kernels->kernel[OPTIMIZER_##optimizer_][LAYOUT_f32][BODY_BARE][options](&scalars, &streams, 0, memory->n); \
    }

static descend_status autovec_update(const struct contender *contender, const struct subject *subject,
                                     struct memory *memory, unsigned threads)
{
    (void)threads;
    const struct descend_kernels *kernels = contender->way;
    float *const *array = memory->array;
    const struct descend_streams streams = {
        .param = array[0], .grad = array[1], .state = {array[2], array[3], array[4]}};
    descend_status status = DESCEND_OK;
    unsigned options = 0;
    DESCEND_OPTIMIZERS(UPDATE)
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

static struct contender all[ISAS + 2 + WAYS];
static size_t all_count;

static void enter_all(void)
{
    const char *active = descend_isa_active();
    for (size_t i = 0; i < descend_isa_count(); i++) {
        const char *isa = descend_isa_name(i);
        if (descend_isa_supported(isa))
            all[all_count++] = (struct contender){isa, true, isa, variant_update, NULL};
    }
    all[all_count++] = (struct contender){"separate", false, active, separate_update, separate_find(active)};
#ifdef AUTOVECTORISED
    extern const struct descend_kernels descend_kernels_autovec;
    if (descend_isa_supported("avx2"))
        all[all_count++] = (struct contender){"autovec", false, active, autovec_update, &descend_kernels_autovec};
#endif
    for (size_t i = 0; i < WAYS; i++)
        all[all_count++] = (struct contender){naive_ways[i]->name, false, active, naive_update, naive_ways[i]};
}

const struct contender *contenders(size_t *count)
{
    if (all_count == 0)
        enter_all();
    *count = all_count;
    return all;
}

bool contender_can(const struct contender *contender, const struct subject *subject)
{
    static const char *const textbook[] = {"sgd", "sgd momentum", "rmsprop", "adam"};
    if (contender->update == separate_update)
        return strcmp(subject->label, "adam") == 0;
#ifdef AUTOVECTORISED
    if (contender->update == autovec_update)
        return subject->in_slices; /* one kernel does all of it */
#endif
    if (contender->update != naive_update)
        return true;
    for (size_t i = 0; i < sizeof textbook / sizeof *textbook; i++)
        if (strcmp(subject->label, textbook[i]) == 0)
            return true;
    return false;
}

descend_status contender_select(const struct contender *contender)
{
    return contender->variant ? descend_isa_force(contender->isa) : DESCEND_OK;
}
