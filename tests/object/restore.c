/* SPDX-License-Identifier: MIT */
/* Going on from a snapshot that the caller keeps. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "descend/optimizer.h"
#include "environment.h"
#include "test.h"

enum { N = 10, STEPS = 7 };

struct trainer {
    descend_optimizer *optimizer;
    float param[N], grad[N];
};

static void trainer_new(struct trainer *trainer, double lr)
{
    descend_adam config = descend_adam_defaults();
    config.lr = lr;
    for (size_t i = 0; i < N; i++) {
        trainer->param[i] = (float)i;
        trainer->grad[i] = 0.1f * (float)i - 0.3f;
    }
    const descend_tensor tensor = {
        .name = "w", .n = N, .param = {.data = trainer->param}, .grad = {.data = trainer->grad}};
    assert_int_equal(
        descend_optimizer_create(&trainer->optimizer, &(descend_config){.kind = DESCEND_ADAM, .adam = config}),
        DESCEND_OK);
    config.amsgrad = true;
    assert_int_equal(
        descend_optimizer_group(trainer->optimizer, &(descend_config){.kind = DESCEND_ADAM, .adam = config}, NULL),
        DESCEND_OK);
    assert_int_equal(descend_optimizer_add(trainer->optimizer, 0, &tensor, 1), DESCEND_OK);
}

static void take_steps(struct trainer *trainer)
{
    for (size_t i = 0; i < STEPS; i++)
        assert_int_equal(descend_optimizer_step(trainer->optimizer, NULL, NULL), DESCEND_OK);
}

/* A snapshot of another optimizer, with one thing changed. */
struct source {
    const descend_optimizer *optimizer;
    unsigned bad_group;
    double bad_lr;
    uint64_t extra_steps;
};

static descend_config source_config(void *context, unsigned group)
{
    const struct source *source = context;
    descend_config config;
    assert_int_equal(descend_optimizer_config(source->optimizer, group, &config), DESCEND_OK);
    if (source->bad_lr != 0 && group == source->bad_group)
        config.adam.lr = source->bad_lr;
    return config;
}

static descend_config config_of_another(void *context, unsigned group)
{
    (void)context, (void)group;
    return descend_config_defaults(DESCEND_ADAMW);
}

static descend_tensor source_tensor(void *context, size_t number)
{
    const struct source *source = context;
    descend_tensor tensor = {.n = 0};
    assert_int_equal(descend_optimizer_tensor(source->optimizer, number, &tensor, NULL), DESCEND_OK);
    tensor.step += source->extra_steps;
    return tensor;
}

static void goes_on(void **state)
{
    (void)state;
    struct trainer first, second;
    trainer_new(&first, 0.25);
    trainer_new(&second, 0.5);
    take_steps(&first);
    take_steps(&second);
    take_steps(&second);
    struct source source = {.optimizer = first.optimizer};
    const descend_snapshot snapshot = {.config = source_config, .tensor = source_tensor, .context = &source};
    const struct environment before = environment_get();
    assert_int_equal(descend_optimizer_restore(second.optimizer, &snapshot), DESCEND_OK);
    const struct environment after = environment_get();
    assert_int_equal(after.control, before.control);
    assert_int_equal(after.status, before.status);
    assert_memory_equal(first.param, second.param, sizeof first.param);
    take_steps(&first);
    take_steps(&second);
    assert_memory_equal(first.param, second.param, sizeof first.param);
    descend_optimizer_destroy(first.optimizer);
    descend_optimizer_destroy(second.optimizer);
}

/* A snapshot whose arrays are read, as from a file: its tensors only say which arrays there are. */
struct reading {
    struct source source;         /* first: it is the context of source_config, too */
    unsigned reads, failing_read; /* counted from 1 */
    descend_status verified;
};

static descend_tensor tensor_without_arrays(void *context, size_t number)
{
    static char present; /* whose address no array can be read from */
    descend_tensor tensor = source_tensor(context, number);
    tensor.param.data = tensor.param.data ? &present : NULL;
    for (size_t state = 0; state < DESCEND_STATES; state++)
        tensor.state[state].data = tensor.state[state].data ? &present : NULL;
    return tensor;
}

static descend_status read_array(void *context, size_t number, size_t state, const descend_array *to)
{
    struct reading *reading = context;
    const descend_tensor tensor = source_tensor(&reading->source, number);
    memcpy(to->data, state == DESCEND_STATES ? tensor.param.data : tensor.state[state].data, N * sizeof(float));
    return ++reading->reads == reading->failing_read ? DESCEND_FILE_READ : DESCEND_OK;
}

static descend_status verify(void *context)
{
    return ((struct reading *)context)->verified;
}

/* By an optimizer that has taken no step, whose states are read into place, and by one that has. */
static void goes_on_from_what_is_read(void **state)
{
    (void)state;
    for (int stepped = 0; stepped < 2; stepped++) {
        struct trainer first, second;
        trainer_new(&first, 0.25);
        trainer_new(&second, 0.5);
        take_steps(&first);
        if (stepped)
            take_steps(&second);
        struct reading reading = {.source = {.optimizer = first.optimizer}};
        const descend_snapshot snapshot = {
            .config = source_config, .tensor = tensor_without_arrays, .read = read_array, .context = &reading};
        assert_int_equal(descend_optimizer_restore(second.optimizer, &snapshot), DESCEND_OK);
        assert_int_equal(reading.reads, 3);
        take_steps(&first);
        take_steps(&second);
        assert_memory_equal(first.param, second.param, sizeof first.param);
        descend_optimizer_destroy(first.optimizer);
        descend_optimizer_destroy(second.optimizer);
    }
}

/* Whichever array cannot be read, and where all can but what was read is refused, nothing has changed. */
static void nothing_changes_where_reading_fails(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct trainer asked, other, untouched;
        trainer_new(&asked, 0.25);
        trainer_new(&untouched, 0.25);
        trainer_new(&other, 0.5);
        other.grad[0] = 2;
        take_steps(&other);
        if (i % 2) {
            take_steps(&asked);
            take_steps(&untouched);
        }
        struct reading reading = {.source = {.optimizer = other.optimizer}, .failing_read = 1 + i / 2};
        reading.verified = i / 2 == 3 ? DESCEND_BAD_FILE_CHECKSUM : DESCEND_OK;
        const descend_snapshot snapshot = {.config = source_config,
                                           .tensor = tensor_without_arrays,
                                           .read = read_array,
                                           .verify = verify,
                                           .context = &reading};
        assert_int_equal(descend_optimizer_restore(asked.optimizer, &snapshot),
                         i / 2 == 3 ? DESCEND_BAD_FILE_CHECKSUM : DESCEND_FILE_READ);
        assert_memory_equal(asked.param, untouched.param, sizeof asked.param);
        take_steps(&asked);
        take_steps(&untouched);
        assert_memory_equal(asked.param, untouched.param, sizeof asked.param);
        descend_optimizer_destroy(asked.optimizer);
        descend_optimizer_destroy(other.optimizer);
        descend_optimizer_destroy(untouched.optimizer);
    }
}

/* Refused for the last group as for the first, and then nothing has changed: it goes on as if nobody had asked. */
static void refused(void **state)
{
    (void)state;
    struct trainer asked, other, untouched;
    trainer_new(&asked, 0.25);
    trainer_new(&untouched, 0.25);
    trainer_new(&other, 0.5);
    take_steps(&asked);
    take_steps(&untouched);
    const struct {
        struct source source;
        descend_status status;
    } cases[] = {
        {{other.optimizer, 0, -1, 0}, DESCEND_BAD_LR},
        {{other.optimizer, 1, NAN, 0}, DESCEND_BAD_LR},
        {{other.optimizer, 1, 1e300, 0}, DESCEND_OVERFLOW},
        {{other.optimizer, 0, 0, (UINT64_C(1) << 53) + 1}, DESCEND_BAD_STEP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct source source = cases[i].source;
        const descend_snapshot snapshot = {.config = source_config, .tensor = source_tensor, .context = &source};
        assert_int_equal(descend_optimizer_restore(asked.optimizer, &snapshot), cases[i].status);
    }
    const descend_snapshot none = {.tensor = source_tensor}, half = {.config = source_config};
    assert_int_equal(descend_optimizer_restore(asked.optimizer, NULL), DESCEND_NULL_SNAPSHOT);
    assert_int_equal(descend_optimizer_restore(asked.optimizer, &none), DESCEND_NULL_SNAPSHOT);
    assert_int_equal(descend_optimizer_restore(asked.optimizer, &half), DESCEND_NULL_SNAPSHOT);
    assert_int_equal(descend_optimizer_restore(NULL, &none), DESCEND_NULL_OPTIMIZER);
    const descend_snapshot another = {.config = config_of_another,
                                      .tensor = source_tensor,
                                      .context = &(struct source){.optimizer = other.optimizer}};
    assert_int_equal(descend_optimizer_restore(asked.optimizer, &another), DESCEND_WRONG_OPTIMIZER);
    descend_config config;
    assert_int_equal(descend_optimizer_config(asked.optimizer, 0, &config), DESCEND_OK);
    assert_true(config.adam.lr == 0.25);
    take_steps(&asked);
    take_steps(&untouched);
    assert_memory_equal(asked.param, untouched.param, sizeof asked.param);
    descend_optimizer_destroy(asked.optimizer);
    descend_optimizer_destroy(other.optimizer);
    descend_optimizer_destroy(untouched.optimizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on),
        cmocka_unit_test(goes_on_from_what_is_read),
        cmocka_unit_test(nothing_changes_where_reading_fails),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
