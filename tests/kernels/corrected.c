/* SPDX-License-Identifier: MIT */
/* descend_step_corrected: bias corrections in the place of a step. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "data.h"
#include "executions.h"
#include "test.h"

enum { N = 4096 + 37 };

static bool takes_corrections(descend_kind kind)
{
    return kind == DESCEND_ADAM || kind == DESCEND_ADAMW || kind == DESCEND_ADAMAX || kind == DESCEND_LAMB ||
           kind == DESCEND_ADEMAMIX;
}

struct corrected_call {
    const struct configuration *configuration;
    double bias_correction1, bias_correction2;
    const struct arrays *arrays;
};

static descend_status make_corrected(void *work, const descend_exec *exec)
{
    const struct corrected_call *call = work;
    float *state[CONFIGURATION_STATES], through;
    arrays_states(call->configuration, 2, call->arrays, state, &through);
    return descend_step_corrected(&call->configuration->config, call->bias_correction1, call->bias_correction2,
                                  call->arrays->array[PARAM], call->arrays->array[GRAD], state, call->arrays->n, exec);
}

static double field(const descend_config *config, const char *name)
{
    double value;
    assert_int_equal(descend_config_get(config, name, &value), DESCEND_OK);
    return value;
}

static struct corrected_call call_of_step(const struct configuration *configuration, const struct arrays *arrays,
                                          uint64_t step)
{
    return (struct corrected_call){configuration, 1 - pow(field(&configuration->config, "beta1"), (double)step),
                                   1 - pow(field(&configuration->config, "beta2"), (double)step), arrays};
}

static void check_bits(const struct configuration *configuration, enum data_kind kind)
{
    struct arrays stepped = arrays_new(N), got = arrays_new(N);
    arrays_fill(configuration, &stepped, kind, 1);
    arrays_fill(configuration, &got, kind, 1);
    for (uint64_t step = 1; step <= 40; step++) {
        struct corrected_call call = call_of_step(configuration, &got, step);
        assert_int_equal(arrays_step(configuration, step, &stepped, NULL), DESCEND_OK);
        assert_int_equal(make_in_turn(make_corrected, &call, (unsigned)step, configuration->in_slices), DESCEND_OK);
        assert_same_arrays(configuration, &stepped, &got, "step %" PRIu64, step);
    }
    arrays_free(&stepped);
    arrays_free(&got);
}

/* The configuration, for steps in which AdEMAMix's warm-ups are over. */
static struct configuration warm(const struct configuration *configuration)
{
    struct configuration warm = *configuration;
    if (warm.kind == DESCEND_ADEMAMIX)
        warm.config.ademamix.beta3_warmup = warm.config.ademamix.alpha_warmup = 0;
    return warm;
}

static void corrections_of_a_step_give_its_bits(void **state)
{
    (void)state;
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        for (int kind = 0; takes_corrections(all[i].kind) && kind < DATA_KINDS; kind++) {
            const struct configuration configuration = warm(&all[i]);
            check_bits(&configuration, (enum data_kind)kind);
        }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

/* Adam's own formula with corrections that are no step's. */
static void any_corrections(void **state)
{
    (void)state;
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    const float minus_step_size = (float)-(1e-3 / 0.3), root_correction2 = (float)sqrt(0.7), eps = 1e-8f;
    float param = 1, grad = 0.5f, exp_avg = 0.25f, exp_avg_sq = 0.125f;
    float *const states[] = {&exp_avg, &exp_avg_sq, NULL};
    assert_int_equal(descend_step_corrected(&config, 0.3, 0.7, &param, &grad, states, 1, NULL), DESCEND_OK);
    assert_true(exp_avg == 0.25f * 0.9f + (float)(1 - 0.9) * 0.5f);
    assert_true(exp_avg_sq == 0.125f * 0.999f + (float)(1 - 0.999) * 0.5f * 0.5f);
    const float denominator = sqrtf(exp_avg_sq) / root_correction2 + eps;
    assert_true(param == 1 + minus_step_size * exp_avg / denominator);
}

static void warmups_count_as_completed(void **state)
{
    (void)state;
    const struct configuration *cold = configuration_of("ademamix");
    struct configuration warming = *cold;
    struct arrays expected = arrays_new(N), got = arrays_new(N);
    warming.config.ademamix.alpha_warmup = warming.config.ademamix.beta3_warmup = 1e6;
    arrays_fill(cold, &expected, ORDINARY, 1);
    arrays_fill(cold, &got, ORDINARY, 1);
    struct corrected_call call = call_of_step(&warming, &got, 3);
    assert_int_equal(arrays_step(cold, 3, &expected, NULL), DESCEND_OK);
    assert_int_equal(make_corrected(&call, NULL), DESCEND_OK);
    assert_same_arrays(cold, &expected, &got, "warm-ups");
    arrays_free(&expected);
    arrays_free(&got);
}

/* A beta of 1 leaves its average as it is, but only where the corrections are given. */
static void betas_of_one(void **state)
{
    (void)state;
    static const float average = 0.375f;
    descend_config config = descend_config_defaults(DESCEND_ADAMW);
    float param = 1, grad = 0.5f, exp_avg = average, exp_avg_sq = average;
    float *const states[] = {&exp_avg, &exp_avg_sq, NULL};
    config.adamw.beta1 = config.adamw.beta2 = 1;
    assert_int_equal(descend_step(&config, 1, &param, &grad, states, 1, NULL), DESCEND_BAD_BETA1);
    assert_int_equal(descend_step_corrected(&config, 1, 1, &param, &grad, states, 1, NULL), DESCEND_OK);
    assert_true(exp_avg == average && exp_avg_sq == average && param != 1);
    config.adamw.beta1 = 1 + DBL_EPSILON;
    assert_int_equal(descend_step_corrected(&config, 1, 1, &param, &grad, states, 1, NULL), DESCEND_BAD_BETA1);
    config.adamw.beta1 = 0.9;
    config.adamw.beta2 = NAN;
    assert_int_equal(descend_step_corrected(&config, 1, 1, &param, &grad, states, 1, NULL), DESCEND_BAD_BETA2);
}

static void bad_corrections_are_refused(void **state)
{
    (void)state;
    static const double bad[] = {0, -0.0, -0.5, 0x1p-54, 1 + DBL_EPSILON, 1e300, INFINITY, -INFINITY, NAN};
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    for (size_t i = 0; i < COUNT(bad); i++) {
        float arrays[] = {1, 2, 3, 4};
        static const float before[] = {1, 2, 3, 4};
        float *const states[] = {&arrays[2], &arrays[3], NULL};
        assert_int_equal(descend_step_corrected(&config, bad[i], 1, &arrays[0], &arrays[1], states, 1, NULL),
                         DESCEND_BAD_BIAS_CORRECTION);
        assert_int_equal(descend_step_corrected(&config, 1, bad[i], &arrays[0], &arrays[1], states, 1, NULL),
                         DESCEND_BAD_BIAS_CORRECTION);
        assert_memory_equal(arrays, before, sizeof arrays);
    }
    assert_int_equal(descend_step_corrected(&config, 0x1p-53, 0x1p-53, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
    assert_int_equal(descend_step_corrected(&config, 1, 1, NULL, NULL, NULL, 0, NULL), DESCEND_OK);
    assert_int_equal(descend_step_corrected(NULL, 1, 1, NULL, NULL, NULL, 0, NULL), DESCEND_NULL_CONFIG);
}

static void other_kinds_need_the_step(void **state)
{
    (void)state;
    for (unsigned kind = 1; kind <= descend_kind_count(); kind++) {
        const descend_config config = descend_config_defaults((descend_kind)kind);
        assert_int_equal(descend_step_corrected(&config, 0.5, 0.5, NULL, NULL, NULL, 0, NULL),
                         takes_corrections(config.kind) ? DESCEND_OK : DESCEND_NEEDS_STEP);
    }
    const descend_config none = {.kind = DESCEND_KIND_NONE};
    assert_int_equal(descend_step_corrected(&none, 0.5, 0.5, NULL, NULL, NULL, 0, NULL), DESCEND_BAD_KIND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corrections_of_a_step_give_its_bits), cmocka_unit_test(any_corrections),
        cmocka_unit_test(warmups_count_as_completed),          cmocka_unit_test(betas_of_one),
        cmocka_unit_test(bad_corrections_are_refused),         cmocka_unit_test(other_kinds_need_the_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
