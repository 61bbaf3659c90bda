/* SPDX-License-Identifier: MIT */
/* Arrays that are not stored as float32 come back byte by byte, both parts of them, and go on as if never stopped; and
 * they are never converted: what is stored otherwise is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/equal.h"
#include "checkpoint/files.h"
#include "descend/checkpoint.h"
#include "executions.h"
#include "mirror.h"
#include "storage.h"
#include "test.h"

enum { TENSORS = 4, STEPS = 4 };

static const struct {
    const char *name;
    size_t n;
    uint64_t first; /* of a shard, in a tensor of more */
} shapes[TENSORS] = {{"w", 1003, 0}, {"shard", 511, 768}, {"empty", 0, 0}, {"b", 5, 0}};

struct layout {
    descend_dtype param;
    enum { FLOAT32, BFLOAT16, EIGHT_BITS, MIXED, STATE_LAYOUTS } states;
};

static const descend_dtype params[] = {DESCEND_F32, DESCEND_BF16, DESCEND_BF16_SPLIT};
enum { LAYOUTS = COUNT(params) * STATE_LAYOUTS };

static struct layout layout_of(unsigned number)
{
    return (struct layout){params[number % COUNT(params)], number / COUNT(params)};
}

static descend_dtype state_dtype(descend_kind kind, struct layout layout, size_t k)
{
    const descend_dtype smallest = descend_kind_state(kind, k)->smallest;
    if (smallest == DESCEND_F32 || layout.states == FLOAT32)
        return DESCEND_F32;
    return layout.states == BFLOAT16 || (layout.states == MIXED && k % 2 == 1) ? DESCEND_BF16 : smallest;
}

/* An optimizer of these tensors. */
struct run {
    const struct configuration *configuration;
    descend_optimizer *optimizer;
    descend_array param[TENSORS], grad[TENSORS], state[TENSORS][DESCEND_STATES];
};

static void put_random(const descend_array *to, size_t n, uint64_t seed)
{
    float *values = calloc(n + 1, sizeof *values);
    assert_non_null(values);
    fill(values, n, ORDINARY, seed);
    stored_put(to, n, values, NULL);
    free(values);
}

static void run_new(struct run *run, const struct configuration *configuration, struct layout layout, uint64_t seed,
                    bool own_states)
{
    const descend_kind kind = configuration->kind;
    *run = (struct run){.configuration = configuration};
    assert_int_equal(descend_optimizer_create(&run->optimizer, &configuration->config), DESCEND_OK);
    assert_int_equal(descend_optimizer_set_seed(run->optimizer, seed), DESCEND_OK);
    for (size_t t = 0; t < TENSORS; t++) {
        const size_t n = shapes[t].n;
        const uint64_t first = shapes[t].first;
        run->param[t] = stored_new(layout.param, n);
        run->grad[t] = stored_new(DESCEND_BF16, n);
        put_random(&run->param[t], n, seed + t);
        descend_tensor tensor = {.name = shapes[t].name, .n = n, .first = first, .whole = first ? first + n + 99 : 0};
        tensor.param = run->param[t], tensor.grad = run->grad[t];
        for (size_t k = 0; k < descend_kind_state_count(kind); k++) {
            run->state[t][k] = stored_new(state_dtype(kind, layout, k), n);
            tensor.state[k].dtype = run->state[t][k].dtype;
            if (own_states)
                tensor.state[k] = run->state[t][k];
        }
        assert_int_equal(descend_optimizer_add(run->optimizer, 0, &tensor, 1), DESCEND_OK);
    }
}

static void run_free(struct run *run)
{
    descend_optimizer_destroy(run->optimizer);
    for (size_t t = 0; t < TENSORS; t++) {
        stored_free(&run->param[t]);
        stored_free(&run->grad[t]);
        for (size_t k = 0; k < DESCEND_STATES; k++)
            stored_free(&run->state[t][k]);
    }
}

static descend_status step(void *optimizer, const descend_exec *exec)
{
    return descend_optimizer_step(optimizer, NULL, exec);
}

/* On another variant and in other parts for every turn. */
static void take_step(struct run *run, unsigned number, unsigned turn)
{
    for (size_t t = 0; t < TENSORS; t++)
        put_random(&run->grad[t], shapes[t].n, 1000 * (number + 1) + t);
    assert_int_equal(make_in_turn(step, run->optimizer, turn, run->configuration->in_slices), DESCEND_OK);
}

static const descend_checkpoint with_params = {.params = true};

static void check_resuming(const struct configuration *configuration)
{
    for (unsigned number = 0; number < LAYOUTS; number++) {
        struct run unbroken, resumed;
        run_new(&unbroken, configuration, layout_of(number), 2026, number % 2);
        run_new(&resumed, configuration, layout_of(number), 2026, false);
        for (unsigned i = 0, turn = number; i < STEPS; i++, turn++) {
            struct run next;
            run_new(&next, configuration, layout_of(number), UINT64_MAX - i, i % 2);
            if (turn % 3)
                take_step(&next, 77, turn);
            assert_int_equal(descend_optimizer_save(resumed.optimizer, FILE_PATH, &with_params), DESCEND_OK);
            assert_int_equal(descend_optimizer_load(next.optimizer, FILE_PATH, &with_params), DESCEND_OK);
            assert_equal_optimizers(resumed.optimizer, next.optimizer, "layout %u loaded before step %u", number, i);
            run_free(&resumed);
            resumed = next;
            take_step(&unbroken, i, turn);
            take_step(&resumed, i, turn + 1);
            assert_equal_optimizers(unbroken.optimizer, resumed.optimizer, "layout %u after step %u", number, i);
        }
        run_free(&unbroken);
        run_free(&resumed);
    }
}

static void as_if_never_stopped(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || strcmp(all[i].optimizer, all[i + 1].optimizer) != 0)
            check_resuming(&all[i]);
}

/* A tensor of the file, by its key. */
static void assert_tensor(struct descend_safetensors *file, const char *key, enum descend_file_dtype dtype,
                          uint64_t length, const void *bytes)
{
    struct descend_entry entry;
    unsigned char found[4096];
    if (!descend_header_find(&file->header, key, &entry))
        fail_msg("the file has no %s", key);
    assert_int_equal(entry.dtype, dtype);
    assert_true(descend_entry_has_shape(&entry, &length, 1));
    assert_true(entry.size <= sizeof found);
    assert_int_equal(descend_safetensors_read(file, &entry, found), DESCEND_OK);
    assert_memory_equal(found, bytes, (size_t)entry.size);
}

static void assert_text(const struct descend_safetensors *file, const char *key, const char *expected)
{
    struct descend_string text;
    if (!descend_header_metadata(&file->header, key, &text) || !descend_string_is(text, expected))
        fail_msg("%s is not %s", key, expected);
}

static void keys_and_types(void **state)
{
    (void)state;
    struct run run;
    struct descend_safetensors file;
    run_new(&run, configuration_of("adamw amsgrad"), (struct layout){DESCEND_BF16_SPLIT, EIGHT_BITS}, 2026, true);
    take_step(&run, 0, 0);
    assert_int_equal(descend_optimizer_save(run.optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_int_equal(open_checked(&file, FILE_PATH), DESCEND_OK);
    assert_tensor(&file, "w", FILE_BF16, 1003, run.param[0].data);
    assert_tensor(&file, "w.low", FILE_I16, 1003, run.param[0].second);
    assert_tensor(&file, "state.w.exp_avg", FILE_U8, 1003, run.state[0][0].data);
    assert_tensor(&file, "state.w.exp_avg.base", FILE_I16, 4, run.state[0][0].second);
    assert_tensor(&file, "state.w.exp_avg_sq", FILE_U8, 1003, run.state[0][1].data);
    assert_tensor(&file, "state.w.exp_avg_sq.base", FILE_I16, 4, run.state[0][1].second);
    assert_tensor(&file, "state.shard.exp_avg.base", FILE_I16, 2, run.state[1][0].second);
    assert_text(&file, "storage.w", "bf16_split");
    assert_text(&file, "storage.state.w.exp_avg", "b8");
    assert_text(&file, "storage.state.w.exp_avg_sq", "ub8");
    assert_text(&file, "seed", "2026");
    for (size_t i = 0; i < file.header.tensors; i++) {
        const struct descend_entry entry = descend_header_entry(&file.header, i);
        assert_int_equal(entry.offset % descend_file_dtype_size(entry.dtype), 0);
    }
    descend_safetensors_close(&file);
    run_free(&run);
}

/* An optimizer to load into, and its equal. */
struct target {
    struct run run, untouched;
};

static void target_new(struct target *target, const struct configuration *configuration, struct layout layout)
{
    run_new(&target->run, configuration, layout, 7, true);
    run_new(&target->untouched, configuration, layout, 7, true);
    take_step(&target->run, 9, 0);
    take_step(&target->untouched, 9, 0);
}

static void target_free(struct target *target)
{
    run_free(&target->run);
    run_free(&target->untouched);
}

static void assert_refused(struct target *target, descend_status expected, const char *what)
{
    const descend_status status = descend_optimizer_load(target->run.optimizer, FILE_PATH, &with_params);
    if (status != expected)
        fail_msg("%s: %d (%s), not %d", what, (int)status, descend_status_string(status), (int)expected);
    assert_equal_optimizers(target->run.optimizer, target->untouched.optimizer, "%s", what);
}

static void never_converted(void **state)
{
    (void)state;
    const struct configuration *configuration = configuration_of("adamw amsgrad");
    for (unsigned from = 0; from < LAYOUTS; from++) {
        struct run run;
        run_new(&run, configuration, layout_of(from), 2026, false);
        take_step(&run, 0, 0);
        assert_int_equal(descend_optimizer_save(run.optimizer, FILE_PATH, &with_params), DESCEND_OK);
        for (unsigned to = 0; to < LAYOUTS; to++) {
            struct target target;
            char what[64];
            snprintf(what, sizeof what, "layout %u into %u", from, to);
            target_new(&target, configuration, layout_of(to));
            if (to != from)
                assert_refused(&target, DESCEND_BAD_FILE_TENSOR_DTYPE, what);
            target_free(&target);
        }
        run_free(&run);
    }
}

static const struct {
    const char *text, *replacement;
    descend_status status;
} edits[] = {
    {"\"w.low\":{", "\"w.lo\":{", DESCEND_BAD_FILE_MISSING},
    {"\"state.w.exp_avg.base\":{", "\"state.w.exp_avg.bases\":{", DESCEND_BAD_FILE_MISSING},
    {"\"state.b.exp_avg_sq.base\":{", "\"b.base\":{", DESCEND_BAD_FILE_MISSING},
    {"\"state.b.exp_avg\":{", "\"state.b.exp\":{", DESCEND_BAD_FILE_UNKNOWN},

    {"\"dtype\":\"BF16\",\"shape\":[1003]", "\"dtype\":\"F16\",\"shape\":[1003]", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"dtype\":\"I16\",\"shape\":[1003]", "\"dtype\":\"U16\",\"shape\":[1003]", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"dtype\":\"U8\",\"shape\":[1003]", "\"dtype\":\"I8\",\"shape\":[1003]", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"dtype\":\"I16\",\"shape\":[4]", "\"dtype\":\"BF16\",\"shape\":[4]", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"dtype\":\"I16\",\"shape\":[4]", "\"dtype\":\"U8\",\"shape\":[8]", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"dtype\":\"I16\",\"shape\":[4]", "\"dtype\":\"I16\",\"shape\":[2,2]", DESCEND_BAD_FILE_TENSOR_SHAPE},
    {"\"dtype\":\"I16\",\"shape\":[1003]", "\"dtype\":\"I16\",\"shape\":[1003,1]", DESCEND_BAD_FILE_TENSOR_SHAPE},

    {"\"storage.w\":\"bf16_split\"", "\"storage.w\":\"bf16\"", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"storage.w\":\"bf16_split\"", "\"storage.w\":\"\"", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"storage.w\":", "\"storages.w\":", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"storage.state.w.exp_avg\":\"b8\"", "\"storage.state.w.exp_avg\":\"ub8\"", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"storage.state.w.exp_avg_sq\":\"ub8\"", "\"storage.state.w.exp_avg_sq\":\"b8\"", DESCEND_BAD_FILE_TENSOR_DTYPE},
    {"\"storage.state.b.exp_avg\":", "\"storage.b.exp_avg\":", DESCEND_BAD_FILE_TENSOR_DTYPE},

    {"\"seed\":\"2026\"", "\"seed\":\"\"", DESCEND_BAD_FILE_METADATA},
    {"\"seed\":\"2026\"", "\"seed\":\"-2026\"", DESCEND_BAD_FILE_METADATA},
    {"\"seed\":\"2026\"", "\"seed\":\"18446744073709551616\"", DESCEND_BAD_FILE_METADATA},
    {"\"seed\":", "\"seeds\":", DESCEND_BAD_FILE_METADATA},
};

static void other_keys_and_types(void **state)
{
    (void)state;
    const struct layout layout = {DESCEND_BF16_SPLIT, EIGHT_BITS};
    struct run run;
    struct target target;
    run_new(&run, configuration_of("adamw"), layout, 2026, false);
    take_step(&run, 0, 0);
    assert_int_equal(descend_optimizer_save(run.optimizer, FILE_PATH, &with_params), DESCEND_OK);
    const struct bytes good = read_bytes(FILE_PATH);
    target_new(&target, configuration_of("adamw"), layout);
    for (size_t i = 0; i < COUNT(edits); i++) {
        write_edited(good, edits[i].text, edits[i].replacement);
        assert_refused(&target, edits[i].status, edits[i].replacement);
    }
    remove(FILE_PATH);
    for (size_t at = data_at(good); at < good.size; at += 29) {
        good.data[at] ^= 1;
        write_bytes(FILE_PATH, good);
        assert_refused(&target, DESCEND_BAD_FILE_CHECKSUM, "a byte is another");
        good.data[at] ^= 1;
    }
    write_edited(good, "{", "{");
    assert_int_equal(descend_optimizer_load(target.run.optimizer, FILE_PATH, &with_params), DESCEND_OK);
    assert_equal_optimizers(run.optimizer, target.run.optimizer, "after bad files");
    free(good.data);
    target_free(&target);
    run_free(&run);
}

/* A parameter whose key is that of another array's second part: no such file is made, the old one stays. */
static void names_that_meet_keys(void **state)
{
    (void)state;
    static const char *const names[] = {"w.low", "state.w.exp_avg.base", "state.w.exp_avg_sq.base"};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct run run;
        float param = 1;
        const descend_tensor tensor = {.name = names[i], .n = 1, .param.data = &param};
        run_new(&run, configuration_of("adamw"), (struct layout){DESCEND_BF16_SPLIT, EIGHT_BITS}, 2026, false);
        take_step(&run, 0, 0);
        assert_int_equal(descend_optimizer_add(run.optimizer, 0, &tensor, 1), DESCEND_OK);
        remove(FILE_PATH);
        assert_int_equal(descend_optimizer_save(run.optimizer, FILE_PATH, &with_params), DESCEND_BAD_FILE_DUPLICATE);
        assert_entries(0);
        assert_int_equal(descend_optimizer_save(run.optimizer, FILE_PATH, NULL), DESCEND_OK);
        assert_int_equal(descend_optimizer_load(run.optimizer, FILE_PATH, NULL), DESCEND_OK);
        run_free(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_if_never_stopped),  cmocka_unit_test(keys_and_types),
        cmocka_unit_test(never_converted),      cmocka_unit_test(other_keys_and_types),
        cmocka_unit_test(names_that_meet_keys),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
