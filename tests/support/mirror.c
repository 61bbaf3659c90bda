/* SPDX-License-Identifier: MIT */
#include "mirror.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numerics.h"
#include "test.h"

struct mirror mirror_new(const struct configuration *configuration)
{
    struct mirror mirror = {.group = {*configuration}, .groups = 1};
    assert_int_equal(descend_optimizer_create(&mirror.optimizer, &configuration->config), DESCEND_OK);
    return mirror;
}

unsigned mirror_group(struct mirror *mirror, const struct configuration *configuration)
{
    unsigned group = UINT32_MAX;
    assert_true(mirror->groups < MIRROR_GROUPS);
    assert_int_equal(descend_optimizer_group(mirror->optimizer, &configuration->config, &group), DESCEND_OK);
    assert_int_equal(group, mirror->groups);
    mirror->group[group] = *configuration;
    return mirror->groups++;
}

void mirror_configure(struct mirror *mirror, unsigned group, const struct configuration *configuration)
{
    assert_int_equal(descend_optimizer_configure(mirror->optimizer, group, &configuration->config), DESCEND_OK);
    mirror->group[group] = *configuration;
}

void mirror_free(struct mirror *mirror)
{
    descend_optimizer_destroy(mirror->optimizer);
    for (size_t i = 0; i < mirror->count; i++) {
        struct twin *twin = &mirror->twin[i];
        arrays_free(&twin->given);
        arrays_free(&twin->plain);
        free(twin->given_copy);
        free(twin->plain_copy);
    }
    free(mirror->twin);
}

static struct twin twin_new(const struct configuration *configuration, const struct shape *shape, enum data_kind kind,
                            uint64_t seed)
{
    struct twin twin = {.shape = *shape, .given = arrays_new(shape->n), .plain = arrays_new(shape->n)};
    arrays_fill(configuration, &twin.given, kind, seed);
    twin.initialised = shape->own_state && shape->step > 0 ? (1u << configuration->states) - 1 : 0;
    for (size_t k = 0; k < ARRAYS; k++)
        if (k < STATE || twin.initialised)
            memcpy(twin.plain.array[k], twin.given.array[k], shape->n * sizeof(float));
        else
            for (size_t i = 0; i < shape->n; i++)
                twin.given.array[k][i] = NAN;
    twin.given_copy = calloc(shape->n + 1, sizeof *twin.given_copy);
    twin.plain_copy = calloc(shape->n + 1, sizeof *twin.plain_copy);
    if (!twin.given_copy || !twin.plain_copy)
        abort();
    return twin;
}

void mirror_append(struct mirror *mirror, const struct shape *shapes, size_t count, enum data_kind kind, uint64_t seed)
{
    mirror->twin = realloc(mirror->twin, (mirror->count + count) * sizeof *mirror->twin);
    if (!mirror->twin)
        abort();
    for (size_t i = 0; i < count; i++) {
        struct twin *twin = &mirror->twin[mirror->count];
        *twin = twin_new(&mirror->group[shapes[i].group], &shapes[i], kind, seed + 10 * mirror->count);
        snprintf(twin->name, sizeof twin->name, "tensor.%zu", mirror->count++);
    }
}

descend_tensor mirror_tensor(const struct mirror *mirror, size_t tensor)
{
    const struct twin *twin = &mirror->twin[tensor];
    descend_tensor made = {.name = twin->name, .n = twin->shape.n, .step = twin->shape.step};
    made.param.data = twin->given.array[PARAM];
    made.grad.data = twin->shape.absent ? NULL : twin->given.array[GRAD];
    if (twin->shape.copy != DESCEND_F32)
        made.copy = (descend_array){.data = twin->given_copy, .dtype = twin->shape.copy};
    for (unsigned k = 0; k < mirror->group[0].states && twin->shape.own_state; k++)
        made.state[k].data = twin->given.array[STATE + k];
    return made;
}

void mirror_add(struct mirror *mirror, const struct shape *shapes, size_t count, enum data_kind kind, uint64_t seed)
{
    const size_t before = mirror->count;
    mirror_append(mirror, shapes, count, kind, seed);
    for (size_t i = before, end; i < mirror->count; i = end) {
        descend_tensor tensors[64];
        for (end = i; end < mirror->count && end - i < 64; end++) {
            if (mirror->twin[end].shape.group != mirror->twin[i].shape.group)
                break;
            tensors[end - i] = mirror_tensor(mirror, end);
        }
        assert_int_equal(descend_optimizer_add(mirror->optimizer, mirror->twin[i].shape.group, tensors, end - i),
                         DESCEND_OK);
    }
}

void mirror_gradients(struct mirror *mirror, enum data_kind kind, uint64_t seed)
{
    for (size_t i = 0; i < mirror->count; i++) {
        struct twin *twin = &mirror->twin[i];
        fill(twin->given.array[GRAD], twin->shape.n, kind, seed + i);
        memcpy(twin->plain.array[GRAD], twin->given.array[GRAD], twin->shape.n * sizeof(float));
    }
}

void mirror_absent(struct mirror *mirror, size_t tensor, bool absent)
{
    struct twin *twin = &mirror->twin[tensor];
    twin->shape.absent = absent;
    assert_int_equal(descend_optimizer_set_grad(mirror->optimizer, tensor, absent ? NULL : twin->given.array[GRAD]),
                     DESCEND_OK);
}

static void scale(float *array, size_t n, const double *grad_scale)
{
    for (size_t i = 0; i < n && grad_scale; i++)
        array[i] *= (float)*grad_scale;
}

static void flush(float *array, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fabsf(array[i]) < FLT_MIN)
            array[i] = 0;
}

/* SGD's flat function asks for the first use of its buffer by step 1. */
static uint64_t flat_step(const struct configuration *configuration, const struct twin *twin)
{
    if (strcmp(configuration->optimizer, "sgd") != 0)
        return twin->shape.step + 1;
    return twin->initialised ? 2 : 1;
}

/* A state gets its start value in the first step that uses it. */
static void begin_states(const struct configuration *configuration, struct twin *twin)
{
    for (unsigned k = 0; k < configuration->states; k++) {
        const float initial = descend_config_initial(&configuration->config, k);
        for (size_t i = 0; i < twin->shape.n && (configuration->used & ~twin->initialised) >> k & 1; i++)
            twin->plain.array[STATE + k][i] = initial;
    }
}

static void plain_step(const struct configuration *configuration, struct twin *twin, const descend_pass *pass)
{
    static const descend_exec serial = {.threads = 1};
    struct arrays *arrays = &twin->plain;
    float *grad = arrays->array[GRAD], *scaled = malloc((arrays->n + 1) * sizeof *scaled);
    if (!scaled)
        abort();
    memcpy(scaled, grad, arrays->n * sizeof *grad);
    scale(scaled, arrays->n, pass->grad_scale);
    arrays->array[GRAD] = scaled;
    begin_states(configuration, twin);
    assert_int_equal(arrays_step(configuration, flat_step(configuration, twin), arrays, &serial), DESCEND_OK);
    arrays_advance(configuration, twin->shape.step + 1, arrays);
    arrays->array[GRAD] = grad;
    free(scaled);
    if (pass->zero_grad)
        memset(grad, 0, arrays->n * sizeof *grad);
    for (size_t k = 0; k < STATE + configuration->arrays && pass->flush_subnormals; k++)
        if (array_written(configuration, k))
            flush(arrays->array[k], arrays->n);
    for (size_t i = 0; i < arrays->n && twin->shape.copy != DESCEND_F32; i++)
        twin->plain_copy[i] = converted(arrays->array[PARAM][i], twin->shape.copy);
    twin->shape.step++;
    twin->initialised |= configuration->used;
}

void mirror_expect(struct mirror *mirror, const descend_pass *pass)
{
    static const descend_pass update_only;
    for (size_t i = 0; i < mirror->count; i++) {
        struct twin *twin = &mirror->twin[i];
        if (!twin->shape.absent)
            plain_step(&mirror->group[twin->shape.group], twin, pass ? pass : &update_only);
    }
}

void mirror_step(struct mirror *mirror, const descend_pass *pass, const descend_exec *exec)
{
    mirror_expect(mirror, pass);
    assert_int_equal(descend_optimizer_step(mirror->optimizer, pass, exec), DESCEND_OK);
}

/* What differs in a tensor; NULL if nothing. */
static const char *difference(const struct mirror *mirror, size_t tensor, const descend_tensor *now)
{
    const struct twin *twin = &mirror->twin[tensor];
    const struct configuration *configuration = &mirror->group[twin->shape.group];
    const size_t n = twin->shape.n;
    if (now->step != twin->shape.step)
        return "step";
    for (size_t k = 0; k < STATE; k++)
        if (first_difference(twin->given.array[k], twin->plain.array[k], n) != n)
            return array_name(configuration, k);
    for (size_t i = 0; i < n; i++)
        if (twin->given_copy[i] != twin->plain_copy[i] &&
            !(is_nan_16(twin->given_copy[i], twin->shape.copy) && is_nan_16(twin->plain_copy[i], twin->shape.copy)))
            return "copy";
    for (unsigned k = 0; k < configuration->states && n > 0; k++) {
        const float *own = twin->given.array[STATE + k], *state = now->state[k].data;
        const size_t length = array_length(configuration, STATE + k, n);
        if (!(twin->initialised >> k & 1) != !state || (state && twin->shape.own_state && state != own))
            return "where a state is";
        for (size_t i = 0; i < n && twin->shape.own_state && !state; i++)
            if (!isnan(own[i]))
                return "a state that is not used";
        if (state && first_difference(state, twin->plain.array[STATE + k], length) != length)
            return configuration->state_name[k];
    }
    return NULL;
}

/* The same of all tensors; *tensor is the first that differs. */
static const char *first_wrong(const struct mirror *mirror, size_t *tensor)
{
    const char *wrong = NULL;
    for (size_t i = 0; i < mirror->count && !wrong; i++) {
        descend_tensor now;
        assert_int_equal(descend_optimizer_tensor(mirror->optimizer, i, &now, NULL), DESCEND_OK);
        wrong = difference(mirror, i, &now);
        *tensor = i;
    }
    return wrong;
}

void assert_mirrored(const struct mirror *mirror, const char *context, ...)
{
    size_t tensor = 0;
    const char *wrong = first_wrong(mirror, &tensor);
    if (!wrong)
        return;
    const struct shape *shape = &mirror->twin[tensor].shape;
    char where[256];
    va_list arguments;
    va_start(arguments, context);
    vsnprintf(where, sizeof where, context, arguments);
    va_end(arguments);
    fail_msg("%s, %s, %s: %s of tensor %zu, n %zu, differs after step %llu", mirror->group[shape->group].label,
             descend_isa_active(), where, wrong, tensor, shape->n, (unsigned long long)shape->step);
}

void for_each_variant(void (*check)(void))
{
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        check();
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}

void for_each_configuration(void (*check)(const struct configuration *configuration))
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (const char *const *variant = variants(); *variant; variant++) {
        assert_int_equal(descend_isa_force(*variant), DESCEND_OK);
        for (size_t i = 0; i < count; i++)
            check(&all[i]);
    }
    assert_int_equal(descend_isa_force(NULL), DESCEND_OK);
}
