/* SPDX-License-Identifier: MIT */
/* "Split parameters and bfloat16 gradients cost no bit": each step of whole trainings is followed by the float32
 * kernels on the same gradients, widened; and the model computes with the upper halves of what those arrive at. The
 * checkpoints in the end, one of them widened, are alike. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/files.h"
#include "data.h"
#include "descend/checkpoint.h"
#include "test.h"
#include "trained.h"
#include "widen.h"

/* One of the network's tensors in float32. */
struct follower {
    float *param, *grad, *state[DESCEND_STATES];
};

static struct {
    struct follower follower[NETWORK_TENSORS];
    uint64_t steps; /* that were followed */
    size_t files;   /* that were compared */
} seen;

enum { SIDE = 8, IMAGES = 300, EPOCHS = 10, STEPS_OF_AN_EPOCH = 10 };

static float widened(uint16_t high, uint16_t low)
{
    /* The upper half is rounded, so the lower one is signed. */
    const uint32_t bits = ((uint32_t)high << 16) + (uint32_t)(int16_t)low;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float *array_new(size_t n)
{
    float *array = calloc(n, sizeof *array);
    assert_non_null(array);
    return array;
}

static void follow(struct follower *follower, const descend_config *config, const descend_tensor *leader)
{
    follower->param = array_new(leader->n);
    follower->grad = array_new(leader->n);
    for (size_t i = 0; i < leader->n; i++)
        follower->param[i] = widened(((uint16_t *)leader->param.data)[i], ((uint16_t *)leader->param.second)[i]);
    for (size_t k = 0; k < descend_kind_state_count(config->kind); k++) {
        follower->state[k] = array_new(leader->n);
        for (size_t i = 0; i < leader->n; i++)
            follower->state[k][i] = descend_config_initial(config, k);
    }
}

static void leave(struct follower *follower)
{
    free(follower->param);
    free(follower->grad);
    for (size_t k = 0; k < DESCEND_STATES; k++)
        free(follower->state[k]);
    *follower = (struct follower){0};
}

/* A step of the flat function. */
static void step(struct follower *follower, const descend_config *config, const descend_tensor *leader)
{
    for (size_t k = 0; k < descend_kind_state_count(config->kind); k++)
        if (descend_kind_state(config->kind, k)->scalar)
            follower->state[k][0] = descend_config_advance(config, leader->step + 1, follower->state[k][0]);
    for (size_t i = 0; i < leader->n; i++)
        follower->grad[i] = widened(((uint16_t *)leader->grad.data)[i], 0);
    assert_int_equal(descend_step(config, leader->step + 1, follower->param, follower->grad, follower->state, leader->n,
                                  &(descend_exec){.threads = 1}),
                     DESCEND_OK);
}

static void assert_led(const struct follower *follower, const descend_config *config, const descend_tensor *leader)
{
    for (size_t i = 0; i < leader->n; i++) {
        const float param = widened(((uint16_t *)leader->param.data)[i], ((uint16_t *)leader->param.second)[i]);
        if (memcmp(&param, &follower->param[i], sizeof param) != 0)
            fail_msg("%s: %s[%zu] differs after step %llu", descend_kind_name(config->kind), leader->name, i,
                     (unsigned long long)leader->step);
    }
    const unsigned used = descend_config_states(config);
    for (size_t k = 0; k < descend_kind_state_count(config->kind); k++)
        if (used >> k & 1)
            assert_memory_equal(leader->state[k].data, follower->state[k],
                                descend_kind_state(config->kind, k)->scalar ? sizeof(float)
                                                                            : leader->n * sizeof(float));
}

/* What the model has just computed with. */
static void assert_upper_halves(const struct stored *stored)
{
    const uint16_t *high = stored->param.data;
    for (size_t i = 0; i < stored->net->parameters; i++) {
        const float half = widened(high[i], 0);
        assert_memory_equal(&half, &stored->net->param[i], sizeof half);
    }
}

static const descend_checkpoint with_params = {.params = true};

/* Saves an optimizer of the followers' arrays. */
static void save_followers(const descend_optimizer *led, const char *path)
{
    descend_config config;
    descend_optimizer *optimizer;
    assert_int_equal(descend_optimizer_config(led, 0, &config), DESCEND_OK);
    assert_int_equal(descend_optimizer_create(&optimizer, &config), DESCEND_OK);
    assert_int_equal(descend_optimizer_set_seed(optimizer, descend_optimizer_seed(led)), DESCEND_OK);
    for (size_t i = 0; i < descend_optimizer_tensor_count(led); i++) {
        descend_tensor leader;
        assert_int_equal(descend_optimizer_tensor(led, i, &leader, NULL), DESCEND_OK);
        /* The last tensor, which counts the steps, has no elements: where its arrays are does not matter. */
        const struct follower *follower = &seen.follower[i < NETWORK_TENSORS ? i : 0];
        descend_tensor tensor = {
            .name = leader.name, .n = leader.n, .step = leader.step, .param.data = follower->param};
        for (size_t k = 0; k < descend_kind_state_count(config.kind); k++)
            tensor.state[k].data = leader.state[k].data ? follower->state[k] : NULL;
        assert_int_equal(descend_optimizer_add(optimizer, 0, &tensor, 1), DESCEND_OK);
    }
    assert_int_equal(descend_optimizer_save(optimizer, path, &with_params), DESCEND_OK);
    descend_optimizer_destroy(optimizer);
}

static void assert_same_tensor(struct descend_safetensors *a, struct descend_safetensors *b, size_t number)
{
    const struct descend_entry entry = descend_header_entry(&a->header, number);
    struct descend_entry other;
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)entry.name.size, entry.name.at);
    if (!descend_header_find(&b->header, name, &other))
        fail_msg("only one file has %s", name);
    assert_int_equal(entry.dtype, other.dtype);
    assert_int_equal(entry.size, other.size);
    const size_t size = (size_t)entry.size;
    void *x = malloc(size + 1), *y = malloc(size + 1);
    assert_true(x && y);
    assert_int_equal(descend_safetensors_read(a, &entry, x), DESCEND_OK);
    assert_int_equal(descend_safetensors_read(b, &other, y), DESCEND_OK);
    if (memcmp(x, y, size) != 0)
        fail_msg("%s differs between the files", name);
    free(x);
    free(y);
}

static void assert_same_text(const struct descend_header *a, const struct descend_header *b, size_t number)
{
    struct descend_string key, value, other_key, other;
    descend_header_pair(a, number, &key, &value);
    descend_header_pair(b, number, &other_key, &other);
    assert_int_equal(key.size, other_key.size);
    assert_memory_equal(key.at, other_key.at, key.size);
    if (descend_string_is(key, DESCEND_CHECKSUM_KEY)) /* the tensors may have another order */
        return;
    assert_int_equal(value.size, other.size);
    assert_memory_equal(value.at, other.at, value.size);
}

static void assert_same_contents(const char *a_path, const char *b_path)
{
    struct descend_safetensors a, b;
    assert_int_equal(open_checked(&a, a_path), DESCEND_OK);
    assert_int_equal(open_checked(&b, b_path), DESCEND_OK);
    assert_int_equal(a.header.tensors, b.header.tensors);
    for (size_t i = 0; i < a.header.tensors; i++)
        assert_same_tensor(&a, &b, i);
    assert_int_equal(a.header.pairs, b.header.pairs);
    for (size_t i = 0; i < a.header.pairs; i++)
        assert_same_text(&a.header, &b.header, i);
    descend_safetensors_close(&a);
    descend_safetensors_close(&b);
}

static void assert_same_checkpoints(const descend_optimizer *led)
{
    struct descend_safetensors file;
    assert_int_equal(descend_optimizer_save(led, "split", &with_params), DESCEND_OK);
    save_followers(led, "float32");
    assert_int_equal(descend_safetensors_open(&file, "split"), DESCEND_OK);
    assert_int_equal(widen(&file, "widened"), DESCEND_OK);
    descend_safetensors_close(&file);
    assert_same_contents("widened", "float32");
    seen.files++;
}

bool __wrap_updater_step(struct updater *updater)
{
    const descend_config config = options_config(updater->options, updater->trained);
    descend_tensor leader[NETWORK_TENSORS];
    assert_upper_halves(&updater->stored);
    for (size_t i = 0; i < NETWORK_TENSORS; i++) {
        assert_int_equal(descend_optimizer_tensor(updater->joint.optimizer, i, &leader[i], NULL), DESCEND_OK);
        if (leader[i].step == 0) {
            leave(&seen.follower[i]);
            follow(&seen.follower[i], &config, &leader[i]);
        }
        step(&seen.follower[i], &config, &leader[i]);
    }
    if (!__real_updater_step(updater))
        return false;
    for (size_t i = 0; i < NETWORK_TENSORS; i++) {
        assert_int_equal(descend_optimizer_tensor(updater->joint.optimizer, i, &leader[i], NULL), DESCEND_OK);
        assert_led(&seen.follower[i], &config, &leader[i]);
    }
    seen.steps++;
    if (leader[0].step == (uint64_t)EPOCHS * STEPS_OF_AN_EPOCH)
        assert_same_checkpoints(updater->joint.optimizer);
    return true;
}

/* Noise, and a bright pixel for each class. */
static void draw(struct dataset *data, uint64_t seed)
{
    *data = (struct dataset){.count = IMAGES, .rows = SIDE, .columns = SIDE};
    data->images = malloc(IMAGES * SIDE * SIDE);
    data->labels = malloc(IMAGES);
    assert_true(data->images && data->labels);
    for (size_t i = 0; i < IMAGES * SIDE * SIDE; i++)
        data->images[i] = (unsigned char)(random_bits(&seed) % 100);
    for (size_t i = 0; i < IMAGES; i++) {
        data->labels[i] = (unsigned char)(random_bits(&seed) % IDX_CLASSES);
        data->images[i * SIDE * SIDE + 5 * data->labels[i]] = 255;
    }
}

static void every_optimizer(void **state)
{
    (void)state;
    struct dataset images, others;
    draw(&images, 1);
    draw(&others, 2);
    char *arguments[] = {"descend-train", "--optimizer", "all",      "--storage", "split",  "--epochs", "10",
                         "--batch",       "32",          "--hidden", "24",        "--seed", "7",        NULL};
    train(arguments, &images, &others);
    size_t optimizers;
    (void)named_configs(&optimizers);
    assert_int_equal(seen.steps, optimizers * EPOCHS * STEPS_OF_AN_EPOCH);
    assert_int_equal(seen.files, optimizers);
    for (size_t i = 0; i < NETWORK_TENSORS; i++)
        leave(&seen.follower[i]);
    dataset_free(&images);
    dataset_free(&others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_optimizer)};
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
