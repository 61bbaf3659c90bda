/* SPDX-License-Identifier: MIT */
/* Stored arrays in all calls but step: adding, setting gradients, measuring, zeroing and restoring. */
#include <math.h>
#include <string.h>

#include "executions.h"
#include "mirror.h"
#include "storage.h"
#include "test.h"

enum { N = 2 * 4096 + 77, STATES = 2, STEPS = 3 };

/* AdamW on one tensor. */
struct trainer {
    descend_optimizer *optimizer;
    descend_array param, grad, state[STATES];
};

struct layout {
    descend_dtype param, grad, state[STATES];
};
static const struct layout layouts[] = {
    {DESCEND_BF16_SPLIT, DESCEND_BF16, {DESCEND_B8, DESCEND_UB8}},
    {DESCEND_BF16, DESCEND_F16, {DESCEND_BF16, DESCEND_UB8}},
    {DESCEND_F32, DESCEND_BF16, {DESCEND_B8, DESCEND_BF16}},
};

static void set_values(const descend_array *array, uint64_t seed)
{
    static float values[N];
    fill(values, N, ORDINARY, seed);
    assert_int_equal(descend_array_store(array, N, values), DESCEND_OK);
}

static descend_optimizer *adamw(void)
{
    const descend_config config = descend_config_defaults(DESCEND_ADAMW);
    descend_optimizer *optimizer;
    assert_int_equal(descend_optimizer_create(&optimizer, &config), DESCEND_OK);
    return optimizer;
}

/* The states are the caller's, if own_states; else the arrays stay unused. */
static struct trainer trainer_new(const struct layout *layout, uint64_t seed, bool own_states)
{
    struct trainer trainer = {adamw(), stored_new(layout->param, N), stored_new(layout->grad, N), {{.data = NULL}}};
    descend_tensor tensor = {.name = "w", .n = N, .param = trainer.param, .grad = trainer.grad};
    for (unsigned k = 0; k < STATES; k++) {
        trainer.state[k] = stored_new(layout->state[k], N);
        tensor.state[k].dtype = layout->state[k];
        if (own_states)
            tensor.state[k] = trainer.state[k];
    }
    set_values(&trainer.param, seed);
    set_values(&trainer.grad, 1);
    assert_int_equal(descend_optimizer_add(trainer.optimizer, 0, &tensor, 1), DESCEND_OK);
    return trainer;
}

static void trainer_free(struct trainer *trainer)
{
    descend_optimizer_destroy(trainer->optimizer);
    stored_free(&trainer->param);
    stored_free(&trainer->grad);
    for (unsigned k = 0; k < STATES; k++)
        stored_free(&trainer->state[k]);
}

static void take_steps(struct trainer *trainer)
{
    for (unsigned i = 0; i < STEPS; i++)
        assert_int_equal(descend_optimizer_step(trainer->optimizer, NULL, NULL), DESCEND_OK);
}

static descend_tensor tensor_of(const descend_optimizer *optimizer)
{
    descend_tensor tensor;
    assert_int_equal(descend_optimizer_tensor(optimizer, 0, &tensor, NULL), DESCEND_OK);
    return tensor;
}

static void assert_equal(const struct trainer *a, const struct trainer *b)
{
    const descend_tensor now = tensor_of(a->optimizer), other = tensor_of(b->optimizer);
    assert_true(stored_equal(&now.param, &other.param, N));
    assert_int_equal(now.step, other.step);
    for (unsigned k = 0; k < STATES; k++)
        assert_true(now.state[k].data ? stored_equal(&now.state[k], &other.state[k], N) : !other.state[k].data);
}

/* Alike on both optimizers, one of which has been restored from the other: from pointers, or by reading. */
static descend_config config_of(void *context, unsigned group)
{
    descend_config config;
    assert_int_equal(descend_optimizer_config(context, group, &config), DESCEND_OK);
    return config;
}

static descend_tensor tensor_at(void *context, size_t number)
{
    assert_int_equal(number, 0);
    return tensor_of(context);
}

static descend_status read_array(void *context, size_t number, size_t state, const descend_array *to)
{
    const descend_tensor tensor = tensor_at(context, number);
    const descend_array *from = state == DESCEND_STATES ? &tensor.param : &tensor.state[state];
    size_t data, second;
    descend_array_size(from->dtype, N, &data, &second);
    assert_int_equal(to->dtype, from->dtype);
    memcpy(to->data, from->data, data);
    if (second > 0)
        memcpy(to->second, from->second, second);
    return DESCEND_OK;
}

static void check_restored(const struct layout *layout, bool by_reading, bool own_states, bool stepped)
{
    struct trainer first = trainer_new(layout, 2, false), other = trainer_new(layout, 3, own_states);
    const descend_snapshot snapshot = {
        .config = config_of, .tensor = tensor_at, .read = by_reading ? read_array : NULL, .context = first.optimizer};
    take_steps(&first);
    if (stepped)
        take_steps(&other);
    assert_int_equal(descend_optimizer_restore(other.optimizer, &snapshot), DESCEND_OK);
    assert_equal(&first, &other);
    take_steps(&first);
    take_steps(&other);
    assert_equal(&first, &other);
    trainer_free(&first);
    trainer_free(&other);
}

static void restoring(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8 * COUNT(layouts); i++)
        check_restored(&layouts[i / 8], i & 1, i & 2, i & 4);
}

struct source {
    const descend_optimizer *optimizer;
    unsigned broken; /* the array that is broken: DESCEND_STATES for the parameter */
    bool without_second;
};

static descend_config config_of_source(void *context, unsigned group)
{
    return config_of((void *)(uintptr_t)((const struct source *)context)->optimizer, group);
}

static descend_tensor broken_tensor(void *context, size_t number)
{
    const struct source *source = context;
    assert_int_equal(number, 0);
    descend_tensor tensor = tensor_of(source->optimizer);
    descend_array *array = source->broken == DESCEND_STATES ? &tensor.param : &tensor.state[source->broken];
    if (source->without_second)
        array->second = NULL;
    else
        array->dtype = array->dtype == DESCEND_F32 ? DESCEND_BF16 : DESCEND_F32;
    return tensor;
}

/* Another type, or no second part where one is needed: refused, and nothing has changed. */
static void restoring_what_does_not_fit(void **state)
{
    (void)state;
    const unsigned arrays[] = {0, 1, DESCEND_STATES};
    for (size_t i = 0; i < 2 * COUNT(arrays) * COUNT(layouts); i++) {
        const struct layout *layout = &layouts[i % COUNT(layouts)];
        const unsigned array = arrays[i / COUNT(layouts) % COUNT(arrays)];
        const descend_dtype dtype = array == DESCEND_STATES ? layout->param : layout->state[array];
        size_t data, second;
        descend_array_size(dtype, N, &data, &second);
        struct trainer from = trainer_new(layout, 2, false), asked = trainer_new(layout, 3, false),
                       untouched = trainer_new(layout, 3, false);
        struct source source = {from.optimizer, array, i >= COUNT(arrays) * COUNT(layouts)};
        const descend_snapshot snapshot = {.config = config_of_source, .tensor = broken_tensor, .context = &source};
        take_steps(&from);
        if (!source.without_second || second > 0)
            assert_int_equal(descend_optimizer_restore(asked.optimizer, &snapshot),
                             source.without_second ? DESCEND_NULL_ARRAY : DESCEND_BAD_DTYPE);
        take_steps(&asked);
        take_steps(&untouched);
        assert_equal(&asked, &untouched);
        trainer_free(&from);
        trainer_free(&asked);
        trainer_free(&untouched);
    }
}

/* The lower halves that the object allocates are those of the bfloat16 weights. */
static void a_split_parameter_without_lower_halves(void **state)
{
    (void)state;
    const struct layout *layout = &layouts[0];
    struct trainer given = trainer_new(layout, 2, false), alone = trainer_new(layout, 2, false);
    memset(given.param.second, 0, N * sizeof(int16_t));
    memcpy(alone.param.data, given.param.data, N * sizeof(uint16_t));
    const descend_tensor tensor = {.name = "w",
                                   .n = N,
                                   .param = {alone.param.data, DESCEND_BF16_SPLIT, NULL},
                                   .grad = alone.grad,
                                   .state = {{.dtype = DESCEND_B8}, {.dtype = DESCEND_UB8}}};
    descend_optimizer_destroy(alone.optimizer);
    alone.optimizer = adamw();
    assert_int_equal(descend_optimizer_add(alone.optimizer, 0, &tensor, 1), DESCEND_OK);
    take_steps(&given);
    take_steps(&alone);
    assert_equal(&given, &alone);
    trainer_free(&given);
    trainer_free(&alone);
}

/* A measurement has the bits of that of the same gradients as float32. */
struct measuring {
    const descend_optimizer *optimizer;
    descend_measurement found;
};

static descend_status measure(void *work, const descend_exec *exec)
{
    struct measuring *measuring = work;
    return descend_optimizer_measure((descend_optimizer *)(uintptr_t)measuring->optimizer, exec, &measuring->found);
}

static descend_optimizer *with_gradient(const descend_array *grad, uint64_t first)
{
    static float param[N];
    descend_optimizer *optimizer = adamw();
    const descend_tensor tensor = {
        .name = "w", .n = N, .first = first, .whole = first + N + 5, .param.data = param, .grad = *grad};
    assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    return optimizer;
}

static void assert_same_double(double a, double b)
{
    if (!isnan(a) || !isnan(b))
        assert_memory_equal(&a, &b, sizeof a);
}

static void check_measurement(const descend_array *grad, uint64_t first)
{
    static float widened[N];
    assert_int_equal(descend_array_load(grad, N, widened), DESCEND_OK);
    struct measuring plain = {.optimizer = with_gradient(&(descend_array){.data = widened}, first)};
    assert_int_equal(measure(&plain, NULL), DESCEND_OK);
    struct measuring stored = {.optimizer = with_gradient(grad, first)};
    for (const struct execution *execution = executions; execution->name; execution++) {
        stored.found = (descend_measurement){-1, -1, false};
        assert_int_equal(execution->make(measure, &stored, 3), DESCEND_OK);
        assert_same_double(stored.found.norm, plain.found.norm);
        assert_same_double(stored.found.norm_inf, plain.found.norm_inf);
        assert_int_equal(stored.found.finite, plain.found.finite);
    }
    descend_optimizer_destroy((descend_optimizer *)(uintptr_t)stored.optimizer);
    descend_optimizer_destroy((descend_optimizer *)(uintptr_t)plain.optimizer);
}

static void check_measurements(void)
{
    static uint16_t bits[N];
    uint64_t seed = 1;
    for (descend_dtype dtype = DESCEND_BF16; dtype <= DESCEND_F16; dtype++)
        for (unsigned i = 0; i < 4; i++) {
            const descend_array grad = {.data = bits, .dtype = dtype};
            if (i < 3) /* those that are finite */
                set_values(&grad, i);
            for (size_t k = 0; k < N && i == 3; k++)
                bits[k] = (uint16_t)random_bits(&seed);
            check_measurement(&grad, i == 2 ? 1000 : 0);
        }
}

static void measuring_is_of_widened_gradients(void **state)
{
    (void)state;
    for_each_variant(check_measurements);
}

struct zeroing {
    descend_optimizer *optimizer;
};

static descend_status zero(void *work, const descend_exec *exec)
{
    return descend_optimizer_zero_grad(((struct zeroing *)work)->optimizer, exec);
}

static void zeroing(void **state)
{
    (void)state;
    static uint16_t bits[N + 1];
    for (descend_dtype dtype = DESCEND_BF16; dtype <= DESCEND_F16; dtype++)
        for (const struct execution *execution = executions; execution->name; execution++) {
            struct zeroing work = {with_gradient(&(descend_array){.data = bits, .dtype = dtype}, 0)};
            memset(bits, 0xff, sizeof bits);
            assert_int_equal(execution->make(zero, &work, 3), DESCEND_OK);
            for (size_t i = 0; i < N; i++)
                assert_int_equal(bits[i], 0);
            assert_int_equal(bits[N], 0xffff);
            descend_optimizer_destroy(work.optimizer);
        }
}

/* A gradient of 16 bits is set to another, at any multiple of 2 bytes; what cannot be one is refused. */
static void setting_gradients(void **state)
{
    (void)state;
    static uint16_t room[N + 1];
    const struct layout *layout = &layouts[0];
    struct trainer set = trainer_new(layout, 2, true), given = trainer_new(layout, 2, true);
    const struct {
        void *data;
        descend_status status;
    } bad[] = {
        {(char *)room + 1, DESCEND_MISALIGNED},
        {(void *)(UINTPTR_MAX - 1), DESCEND_BAD_N},
        {(uint16_t *)set.param.data + N - 1, DESCEND_OVERLAP},
        {(int16_t *)set.param.second - N + 1, DESCEND_OVERLAP},
        {set.param.second, DESCEND_OVERLAP},
        {set.state[0].data, DESCEND_OVERLAP},
        {(int16_t *)set.state[0].second + N / 256, DESCEND_OVERLAP},
        {(int16_t *)set.state[1].second - N + 1, DESCEND_OVERLAP},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(descend_optimizer_set_grad(set.optimizer, 0, bad[i].data), bad[i].status);
        assert_ptr_equal(tensor_of(set.optimizer).grad.data, set.grad.data);
    }
    set_values(&given.grad, 4);
    memcpy(room + 1, given.grad.data, N * sizeof *room);
    assert_int_equal(descend_optimizer_set_grad(set.optimizer, 0, room + 1), DESCEND_OK);
    take_steps(&set);
    take_steps(&given);
    assert_equal(&set, &given);
    assert_int_equal(descend_optimizer_set_grad(set.optimizer, 0, NULL), DESCEND_OK);
    take_steps(&set);
    assert_equal(&set, &given);
    trainer_free(&set);
    trainer_free(&given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restoring),
        cmocka_unit_test(restoring_what_does_not_fit),
        cmocka_unit_test(a_split_parameter_without_lower_halves),
        cmocka_unit_test(measuring_is_of_widened_gradients),
        cmocka_unit_test(zeroing),
        cmocka_unit_test(setting_gradients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
