/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "descend/checkpoint.h"
#include "executions.h"
#include "numerics.h"
#include "object.h"
#include "test.h"

/* One call: which, and with what. */
struct pass {
    struct mirror *mirror;
    enum { STEP, MEASURE, ZERO_GRAD } which;
    descend_pass with;
    descend_measurement found;
};

static struct pass next_pass(struct object *object)
{
    static const double scales[] = {1, 0.5, 0, 3e4, FLT_MAX, 1e39, -1, NAN};
    const unsigned options = next(128);
    struct pass pass = {.mirror = &object->mirror, .which = options & 1 ? STEP : options & 2 ? MEASURE : ZERO_GRAD};
    pass.with = (descend_pass){.zero_grad = options & 4, .flush_subnormals = options & 8};
    pass.with.grad_scale = options & 16 ? &ONE_OF(scales) : NULL;
    pass.with.reserved[next(COUNT(pass.with.reserved))] = options / 32 == 3;
    return pass;
}

static descend_status make(void *context, const descend_exec *exec)
{
    struct pass *pass = context;
    descend_optimizer *optimizer = pass->mirror->optimizer;
    switch (pass->which) {
    case STEP:
        return descend_optimizer_step(optimizer, &pass->with, exec);
    case MEASURE:
        return descend_optimizer_measure(optimizer, exec, &pass->found);
    default:
        return descend_optimizer_zero_grad(optimizer, exec);
    }
}

descend_status step_status(const struct configuration *configuration, uint64_t step, float scalar)
{
    static const descend_exec serial = {.threads = 1};
    float values[ARRAYS] = {0};
    struct arrays none = {.n = 0};
    for (size_t k = 0; k < ARRAYS; k++)
        none.array[k] = &values[k];
    if (configuration->states > configuration->arrays)
        values[STATE + configuration->arrays] = scalar;
    return arrays_step(configuration, step, &none, &serial);
}

static descend_status twin_status(const struct configuration *configuration, const struct twin *twin)
{
    const unsigned scalar = configuration->arrays;
    float value = 0;
    if (scalar < configuration->states && twin->shape.n > 0)
        value = twin->initialised >> scalar & 1 ? twin->plain.array[STATE + scalar][0]
                                                : descend_config_initial(&configuration->config, scalar);
    return step_status(configuration, twin->shape.step + 1, value);
}

/* The status that a call has to return. */
static descend_status status_of(const struct pass *pass, bool in_slices)
{
    const struct mirror *mirror = pass->mirror;
    const double *scale = pass->with.grad_scale;
    if (pass->which != STEP)
        return DESCEND_OK;
    if (in_slices && !mirror->group[0].in_slices)
        return DESCEND_NO_SLICES;
    for (size_t i = 0; i < COUNT(pass->with.reserved); i++)
        if (pass->with.reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    if (scale && !(*scale >= 0 && isfinite((float)*scale)))
        return DESCEND_BAD_GRAD_SCALE;
    descend_status status = DESCEND_OK;
    for (size_t i = 0; i < mirror->count && status == DESCEND_OK; i++)
        if (!mirror->twin[i].shape.absent)
            status = twin_status(&mirror->group[mirror->twin[i].shape.group], &mirror->twin[i]);
    return status;
}

/* Does the same to the plain arrays. */
static void expect(const struct pass *pass)
{
    struct mirror *mirror = pass->mirror;
    if (pass->which == STEP)
        mirror_expect(mirror, &pass->with);
    for (size_t i = 0; i < mirror->count && pass->which == ZERO_GRAD; i++)
        if (!mirror->twin[i].shape.absent)
            memset(mirror->twin[i].plain.array[GRAD], 0, mirror->twin[i].shape.n * sizeof(float));
}

static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static void assert_measured(const struct pass *pass)
{
    const struct mirror *mirror = pass->mirror;
    const float *grads[TENSORS_MAX];
    size_t ns[TENSORS_MAX];
    double largest = 0;
    for (size_t i = 0; i < mirror->count; i++) {
        const struct twin *twin = &mirror->twin[i];
        grads[i] = twin->shape.absent ? NULL : twin->plain.array[GRAD];
        ns[i] = twin->shape.n;
        for (size_t j = 0; grads[i] && j < ns[i]; j++) {
            const double x = fabs((double)grads[i][j]);
            largest = x > largest || isnan(x) ? x : largest;
        }
    }
    const double norm = norm_of(grads, ns, mirror->count);
    assert_true(same_number(pass->found.norm, norm));
    assert_true(same_number(pass->found.norm_inf, largest));
    assert_int_equal(pass->found.finite, isfinite(norm));
}

/* An exec that is refused, whatever the call. */
static void check_bad_exec(struct pass *pass)
{
    static const struct {
        descend_exec exec;
        descend_status expected;
    } bad[] = {
        {{.reserved = {1}}, DESCEND_BAD_RESERVED},      {{.slice = 1}, DESCEND_BAD_SLICE},
        {{.slice = 2, .slices = 2}, DESCEND_BAD_SLICE}, {{.threads = 2, .slices = 2}, DESCEND_BAD_SPLIT},
        {{.run = run_on_pool}, DESCEND_BAD_THREADS},
    };
    const size_t fault = next(COUNT(bad));
    assert_int_equal(make(pass, &bad[fault].exec), bad[fault].expected);
}

void call_all(struct object *object)
{
    struct pass pass = next_pass(object);
    const struct execution *execution = executions;
    const unsigned parts = 1 + next(4);
    for (unsigned way = next(10); way > 0 && execution->name; way--)
        execution++;
    if (execution->name == NULL) {
        check_bad_exec(&pass);
        return;
    }
    const descend_status expected = status_of(&pass, strncmp(execution->name, "slices", 6) == 0);
    if (expected == DESCEND_OK)
        expect(&pass);
    runs_of_a_call = pass.which == STEP && !object->mirror.group[0].in_slices ? 2 : 1;
    assert_int_equal(execution->make(make, &pass, parts), expected);
    if (pass.which == MEASURE)
        assert_measured(&pass);
}

static void check_unfinished(const struct object *object)
{
    const struct mirror *mirror = &object->mirror;
    const descend_config *config = &mirror->group[0].config;
    const descend_tensor more = {.name = "more"};
    assert_true(descend_optimizer_unfinished(mirror->optimizer));
    assert_int_equal(descend_optimizer_add(mirror->optimizer, 0, &more, 1), DESCEND_UNFINISHED);
    assert_int_equal(descend_optimizer_group(mirror->optimizer, config, NULL), DESCEND_UNFINISHED);
    assert_int_equal(descend_optimizer_configure(mirror->optimizer, 0, config), DESCEND_UNFINISHED);
    assert_int_equal(descend_optimizer_set_lr(mirror->optimizer, 0, 1), DESCEND_UNFINISHED);
    assert_int_equal(descend_optimizer_set_grad(mirror->optimizer, 0, NULL), DESCEND_UNFINISHED);
    assert_int_equal(descend_optimizer_save(mirror->optimizer, object->path, NULL), DESCEND_UNFINISHED);
}

void call_between_slices(struct object *object)
{
    struct pass pass = next_pass(object);
    const unsigned first = next(2);
    const descend_status expected = status_of(&pass, true);
    assert_int_equal(make(&pass, &(descend_exec){.slice = first, .slices = 2}), expected);
    if (expected != DESCEND_OK)
        return;
    check_unfinished(object);
    if (pass.which == MEASURE && next(2)) {
        assert_int_equal(descend_optimizer_abandon(object->mirror.optimizer), DESCEND_OK);
        return;
    }
    expect(&pass);
    assert_int_equal(make(&pass, &(descend_exec){.slice = !first, .slices = 2}), DESCEND_OK);
    if (pass.which == MEASURE)
        assert_measured(&pass);
}
