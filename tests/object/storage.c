/* SPDX-License-Identifier: MIT */
/* Arrays that are not stored as float32: a step of the object is one of the flat function on what they hold, stored as
 * docs/numerics.md says; on every variant, for every optimizer, in any parts. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "executions.h"
#include "mirror.h"
#include "storage.h"
#include "test.h"

enum { STEPS = 3, SEED = 2026 };

/* What the arrays of a tensor are stored as. */
struct layout {
    descend_dtype param, grad;
    enum { FLOAT32, BFLOAT16, EIGHT_BITS, MIXED } states;
};

/* A tensor in the library's hands and the same by the rules. */
struct pair {
    const struct configuration *configuration;
    struct layout layout;
    descend_optimizer *optimizer;
    size_t n;
    uint64_t first;
    descend_array given[ARRAYS], ruled[ARRAYS];
    struct arrays floats; /* what the ruled arrays hold */
};

static descend_dtype state_dtype(const struct pair *pair, unsigned k)
{
    const descend_dtype smallest = descend_kind_state(pair->configuration->kind, k)->smallest;
    if (smallest == DESCEND_F32 || pair->layout.states == FLOAT32)
        return DESCEND_F32;
    const bool bfloat16 = pair->layout.states == BFLOAT16 || (pair->layout.states == MIXED && k % 2 == 0);
    return bfloat16 ? DESCEND_BF16 : smallest;
}

static descend_dtype dtype_of(const struct pair *pair, unsigned k)
{
    return k == PARAM ? pair->layout.param : k == GRAD ? pair->layout.grad : state_dtype(pair, k - STATE);
}

static size_t length_of(const struct pair *pair, unsigned k)
{
    return array_length(pair->configuration, k, pair->n);
}

/* The same bytes in both: gradients of the type, whatever they are; parameters to the nearest. */
static void set_array(struct pair *pair, unsigned k, enum data_kind kind, uint64_t seed)
{
    const size_t n = length_of(pair, k);
    float *values = pair->floats.array[k];
    fill(values, n, kind, seed);
    if (pair->ruled[k].dtype == DESCEND_F16)
        for (size_t i = 0; i < n; i++)
            ((uint16_t *)pair->ruled[k].data)[i] = (uint16_t)random_bits(&seed);
    else
        stored_put(&pair->ruled[k], n, values, NULL);
    stored_copy(&pair->given[k], &pair->ruled[k], n);
}

static void pair_new(struct pair *pair, enum data_kind kind, bool own_states)
{
    const struct configuration *configuration = pair->configuration;
    descend_tensor tensor = {.name = "layer.weight", .n = pair->n, .first = pair->first};
    tensor.whole = pair->first > 0 ? pair->first + pair->n + 7 : 0;
    pair->floats = arrays_new(pair->n);
    for (unsigned k = 0; k < STATE + configuration->states; k++) {
        pair->given[k] = stored_new(dtype_of(pair, k), length_of(pair, k));
        pair->ruled[k] = stored_new(dtype_of(pair, k), length_of(pair, k));
    }
    set_array(pair, PARAM, kind, 1);
    tensor.param = pair->given[PARAM], tensor.grad = pair->given[GRAD];
    for (unsigned k = 0; k < configuration->states; k++) {
        tensor.state[k].dtype = pair->given[STATE + k].dtype;
        if (own_states)
            tensor.state[k] = pair->given[STATE + k];
        for (size_t i = 0; i < length_of(pair, STATE + k); i++)
            pair->floats.array[STATE + k][i] = descend_config_initial(&configuration->config, k);
        stored_put(&pair->ruled[STATE + k], length_of(pair, STATE + k), pair->floats.array[STATE + k], NULL);
    }
    assert_int_equal(descend_optimizer_create(&pair->optimizer, &configuration->config), DESCEND_OK);
    assert_int_equal(descend_optimizer_set_seed(pair->optimizer, SEED), DESCEND_OK);
    assert_int_equal(descend_optimizer_add(pair->optimizer, 0, &tensor, 1), DESCEND_OK);
}

static void pair_free(struct pair *pair)
{
    descend_optimizer_destroy(pair->optimizer);
    for (unsigned k = 0; k < STATE + pair->configuration->states; k++) {
        stored_free(&pair->given[k]);
        stored_free(&pair->ruled[k]);
    }
    arrays_free(&pair->floats);
}

static void flush(float *array, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fabsf(array[i]) < FLT_MIN)
            array[i] = 0;
}

/* The step by the rules. */
static void expect(struct pair *pair, uint64_t step, const descend_pass *pass)
{
    const struct configuration *configuration = pair->configuration;
    struct arrays *floats = &pair->floats;
    for (unsigned k = 0; k < STATE + configuration->arrays; k++)
        stored_get(&pair->ruled[k], pair->n, floats->array[k]);
    for (size_t i = 0; i < pair->n && pass->grad_scale; i++)
        floats->array[GRAD][i] *= (float)*pass->grad_scale;
    assert_int_equal(arrays_step(configuration, step, floats, &(descend_exec){.threads = 1}), DESCEND_OK);
    arrays_advance(configuration, step, floats);
    for (unsigned k = 0; k < STATE + configuration->arrays; k++) {
        const struct random_source source = {SEED, "layer.weight", step, k == PARAM ? 0 : k - STATE + 1, pair->first};
        if (!array_written(configuration, k))
            continue;
        if (pass->flush_subnormals)
            flush(floats->array[k], pair->n);
        stored_put(&pair->ruled[k], pair->n, floats->array[k], &source);
    }
    if (pass->zero_grad)
        memset(pair->ruled[GRAD].data, 0, pair->n * (pair->ruled[GRAD].dtype == DESCEND_F32 ? 4 : 2));
}

static void assert_as_ruled(const struct pair *pair, uint64_t step, const char *how)
{
    descend_tensor now;
    assert_int_equal(descend_optimizer_tensor(pair->optimizer, 0, &now, NULL), DESCEND_OK);
    for (unsigned k = 0; k < STATE + pair->configuration->arrays; k++) {
        const descend_array *array = k == PARAM ? &now.param : k == GRAD ? &now.grad : &now.state[k - STATE];
        if (k >= STATE && !array_written(pair->configuration, k))
            continue;
        if (!stored_equal(array, &pair->ruled[k], pair->n))
            fail_msg("%s, %s: %s as %d of n %zu from %llu on differs in step %llu, %s", descend_isa_active(),
                     pair->configuration->label, array_name(pair->configuration, k), (int)array->dtype, pair->n,
                     (unsigned long long)pair->first, (unsigned long long)step, how);
    }
}

struct stepping {
    struct pair *pair;
    const descend_pass *pass;
};

static descend_status step_of(void *work, const descend_exec *exec)
{
    const struct stepping *stepping = work;
    return descend_optimizer_step(stepping->pair->optimizer, stepping->pass, exec);
}

static void check_steps(struct pair *pair, enum data_kind kind, bool own_states, const descend_pass *pass,
                        const struct execution *execution)
{
    pair_new(pair, kind, own_states);
    for (uint64_t step = 1; step <= STEPS; step++) {
        struct stepping stepping = {pair, pass};
        set_array(pair, GRAD, kind, 10 + step);
        const descend_status status = execution->make(step_of, &stepping, 3);
        if (status == DESCEND_NO_SLICES && !pair->configuration->in_slices)
            break;
        assert_int_equal(status, DESCEND_OK);
        expect(pair, step, pass);
        assert_as_ruled(pair, step, execution->name);
    }
    pair_free(pair);
}

static const descend_dtype params[] = {DESCEND_F32, DESCEND_BF16, DESCEND_BF16_SPLIT};
static const descend_dtype grads[] = {DESCEND_F32, DESCEND_BF16, DESCEND_F16};

static void check_layouts(const struct configuration *configuration)
{
    static const double scale = 0.37;
    static const descend_pass passes[] = {{.zero_grad = false},
                                          {.grad_scale = &scale, .zero_grad = true, .flush_subnormals = true}};
    static const size_t lengths[] = {1003, 5, 256, 511};
    for (unsigned i = 0; i < 3 * 3 * 4 * DATA_KINDS; i++) {
        struct pair pair = {.configuration = configuration, .n = lengths[i % COUNT(lengths)]};
        pair.layout.param = params[i % 3], pair.layout.grad = grads[i / 3 % 3], pair.layout.states = i / 9 % 4;
        check_steps(&pair, (enum data_kind)(i / 36), i % 5 < 2, &passes[i % 2], &executions[0]);
    }
}

static void every_layout(void **state)
{
    (void)state;
    for_each_configuration(check_layouts);
}

static void check_parts(const struct configuration *configuration)
{
    static const descend_pass pass;
    runs_of_a_call = configuration->in_slices ? 1 : 2;
    for (const struct execution *execution = executions; execution->name; execution++) {
        struct pair pair = {.configuration = configuration, .n = 3 * 4096 + 77};
        pair.layout = (struct layout){DESCEND_BF16_SPLIT, DESCEND_BF16, EIGHT_BITS};
        check_steps(&pair, ORDINARY, false, &pass, execution);
    }
    runs_of_a_call = 1;
}

static void any_parts(void **state)
{
    (void)state;
    for_each_structure(check_parts);
}

/* Shards that begin anywhere, and element numbers on both sides of 2^32. Only where no norm is of the whole tensor. */
static void check_shards(const struct configuration *configuration)
{
    static const uint64_t firsts[] = {
        1, 77, 256, (UINT64_C(1) << 32) - 300, (UINT64_C(1) << 32) - 512, (UINT64_C(1) << 33) + 4};
    static const descend_pass pass;
    for (size_t i = 0; i < COUNT(firsts) && configuration->in_slices; i++) {
        struct pair pair = {.configuration = configuration, .n = 1003, .first = firsts[i]};
        pair.layout = (struct layout){DESCEND_BF16, DESCEND_BF16, firsts[i] % 256 == 0 ? EIGHT_BITS : BFLOAT16};
        check_steps(&pair, ORDINARY, false, &pass, &executions[0]);
    }
}

static void shards(void **state)
{
    (void)state;
    for_each_structure(check_shards);
}

/* Lower halves that are not given are the object's, and begin as 0. */
static void lower_halves_of_the_object(void **state)
{
    (void)state;
    enum { N = 700 };
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    descend_array param[2], grad = stored_new(DESCEND_BF16, N);
    descend_optimizer *optimizer[2];
    float values[N];
    fill(values, N, ORDINARY, 3);
    stored_put(&grad, N, values, NULL);
    for (int given = 0; given < 2; given++) {
        param[given] = stored_new(DESCEND_BF16_SPLIT, N);
        stored_put(&(descend_array){.data = param[given].data, .dtype = DESCEND_BF16}, N, values, NULL);
        descend_tensor tensor = {.name = "w", .n = N, .param = param[given], .grad = grad};
        tensor.param.second = given ? param[given].second : NULL;
        tensor.grad.data = NULL;
        assert_int_equal(descend_optimizer_create(&optimizer[given], &config), DESCEND_OK);
        assert_int_equal(descend_optimizer_add(optimizer[given], 0, &tensor, 1), DESCEND_OK);
        assert_int_equal(descend_optimizer_set_grad(optimizer[given], 0, grad.data), DESCEND_OK);
        assert_int_equal(descend_optimizer_step(optimizer[given], NULL, NULL), DESCEND_OK);
    }
    descend_tensor now;
    assert_int_equal(descend_optimizer_tensor(optimizer[0], 0, &now, NULL), DESCEND_OK);
    assert_true(stored_equal(&now.param, &param[1], N));
    for (int given = 0; given < 2; given++) {
        descend_optimizer_destroy(optimizer[given]);
        stored_free(&param[given]);
    }
    stored_free(&grad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layout),
        cmocka_unit_test(any_parts),
        cmocka_unit_test(shards),
        cmocka_unit_test(lower_halves_of_the_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
