/* SPDX-License-Identifier: MIT */
/* libFuzzer's program for the optimizer object: any bytes as a sequence of calls on two of them, bad ones too. After
 * each call the object has to equal its mirror, bit by bit, and its status the one that the flat functions and the
 * headers make it. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descend/checkpoint.h"
#include "object.h"
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OBJECTS = 2, CALLS_MAX = 48 };

static struct {
    const uint8_t *at, *end;
} input;

static struct object objects[OBJECTS];

unsigned next(unsigned below)
{
    return input.at < input.end ? *input.at++ % below : 0;
}

/* A configuration of the kind of this one. */
static const struct configuration *sibling(const struct configuration *configuration)
{
    size_t count, first = 0, siblings = 0;
    const struct configuration *all = configurations(&count);
    while (all[first].kind != configuration->kind)
        first++;
    while (first + siblings < count && all[first + siblings].kind == configuration->kind)
        siblings++;
    return &all[first + next((unsigned)siblings)];
}

/* One of another kind. */
static descend_config stranger(const struct object *object)
{
    return descend_config_defaults(object->mirror.group[0].kind == DESCEND_SGD ? DESCEND_ADAM : DESCEND_SGD);
}

static void add_group(struct object *object)
{
    struct mirror *mirror = &object->mirror;
    const struct configuration *configuration = sibling(&mirror->group[0]);
    const descend_config strange = stranger(object);
    if (mirror->groups < GROUPS_MAX)
        mirror_group(mirror, configuration);
    assert_int_equal(descend_optimizer_group(mirror->optimizer, NULL, NULL), DESCEND_NULL_CONFIG);
    assert_int_equal(descend_optimizer_group(mirror->optimizer, &strange, NULL), DESCEND_WRONG_OPTIMIZER);
}

static void configure(struct object *object)
{
    struct mirror *mirror = &object->mirror;
    const unsigned group = next(mirror->groups);
    const descend_config strange = stranger(object);
    mirror_configure(mirror, group, sibling(&mirror->group[0]));
    assert_int_equal(descend_optimizer_configure(mirror->optimizer, mirror->groups, &mirror->group[0].config),
                     DESCEND_BAD_GROUP);
    assert_int_equal(descend_optimizer_configure(mirror->optimizer, group, &strange), DESCEND_WRONG_OPTIMIZER);
}

static void set_lr(struct object *object)
{
    static const double rates[] = {0, 1e-3, 0.5, 1e30, -1, NAN, DBL_MAX};
    struct mirror *mirror = &object->mirror;
    const unsigned group = next(mirror->groups);
    struct configuration changed = mirror->group[group];
    const double lr = ONE_OF(rates);
    descend_status expected = descend_config_set(&changed.config, "lr", lr);
    if (expected == DESCEND_OK)
        expected = step_status(&changed, 1, descend_config_initial(&changed.config, changed.arrays));
    assert_int_equal(descend_optimizer_set_lr(mirror->optimizer, group, lr), expected);
    if (expected == DESCEND_OK)
        mirror->group[group] = changed;
}

static void add(struct object *object)
{
    static const size_t sizes[] = {0, 1, 3, 8, 15, 16, 33, 64, 100, 4095, 4097, 9000};
    static const uint64_t steps[] = {0, 0, 1, 7, STEP_MAX - 1, STEP_MAX};
    struct shape shapes[3];
    struct mirror *mirror = &object->mirror;
    const size_t count = 1 + next(COUNT(shapes));
    if (mirror->count + count > TENSORS_MAX)
        return;
    for (size_t i = 0; i < count; i++) {
        const unsigned options = next(32);
        shapes[i] = (struct shape){.n = ONE_OF(sizes),
                                   .step = ONE_OF(steps),
                                   .group = next(mirror->groups),
                                   .copy = (descend_dtype)(options % 3),
                                   .absent = options & 8,
                                   .own_state = options & 16};
    }
    mirror_add(mirror, shapes, count, (enum data_kind)next(DATA_KINDS), next(256));
}

/* A good tensor, and one with a fault. */
static void add_refused(struct object *object)
{
    static float arrays[4][8];
    static const descend_status refusals[] = {
        DESCEND_BAD_NAME,   DESCEND_BAD_NAME,  DESCEND_DUPLICATE_NAME, DESCEND_OVERLAP,
        DESCEND_NULL_ARRAY, DESCEND_BAD_DTYPE, DESCEND_MISALIGNED,     DESCEND_BAD_N,
        DESCEND_BAD_STEP,   DESCEND_BAD_FIRST, DESCEND_BAD_SHAPE,      DESCEND_BAD_RESERVED,
    };
    const struct mirror *mirror = &object->mirror;
    const struct twin *twin = mirror->count > 0 ? &mirror->twin[next((unsigned)mirror->count)] : NULL;
    descend_tensor tensors[] = {{.name = "good", .n = 8, .param.data = arrays[0], .grad.data = arrays[1]},
                                {.name = "bad", .n = 8, .param.data = arrays[2], .grad.data = arrays[3]}};
    descend_tensor *bad = &tensors[1];
    const unsigned fault = next(COUNT(refusals));
    switch (fault) {
    case 0:
        bad->name = NULL;
        break;
    case 1:
        bad->name = "\xff";
        break;
    case 2:
        bad->name = twin ? twin->name : "good";
        break;
    case 3:
        bad->param.data = twin && twin->shape.n > 0 ? twin->given.array[PARAM] : arrays[1] + 7;
        break;
    case 4:
        bad->param.data = NULL;
        break;
    case 5:
        bad->grad.dtype = (descend_dtype)99;
        break;
    case 6:
        bad->grad.data = (char *)arrays[3] + 1;
        break;
    case 7:
        bad->n = SIZE_MAX / 4;
        break;
    case 8:
        bad->step = STEP_MAX + 1;
        break;
    case 9:
        bad->first = 1, bad->whole = 8;
        break;
    case 10:
        bad->rows = 3, bad->columns = 3;
        break;
    default:
        bad->reserved[next(COUNT(bad->reserved))] = 1;
    }
    assert_int_equal(descend_optimizer_add(mirror->optimizer, 0, tensors, 2), refusals[fault]);
    assert_int_equal(descend_optimizer_add(mirror->optimizer, mirror->groups, tensors, 1), DESCEND_BAD_GROUP);
    assert_int_equal(descend_optimizer_add(mirror->optimizer, 0, NULL, 1), DESCEND_BAD_TENSOR);
}

static void set_gradient(struct object *object)
{
    struct mirror *mirror = &object->mirror;
    assert_int_equal(descend_optimizer_set_grad(mirror->optimizer, mirror->count, NULL), DESCEND_BAD_TENSOR);
    if (mirror->count == 0)
        return;
    const size_t number = next((unsigned)mirror->count);
    struct twin *twin = &mirror->twin[number];
    float *const old = twin->given.array[GRAD], *const param = twin->given.array[PARAM];
    const size_t n = twin->shape.n;
    if (next(2)) {
        mirror_absent(mirror, number, next(2));
        return;
    }
    if (n > 0) {
        assert_int_equal(descend_optimizer_set_grad(mirror->optimizer, number, param + n - 1), DESCEND_OVERLAP);
        assert_int_equal(descend_optimizer_set_grad(mirror->optimizer, number, NOWHERE), DESCEND_MISALIGNED);
    }
    float *const moved = calloc(n + 1, sizeof *moved);
    assert_non_null(moved);
    twin->given.array[GRAD] = memcpy(moved, old, n * sizeof *moved);
    mirror_absent(mirror, number, false);
    free(old);
}

static void set_gradients(struct object *object)
{
    mirror_gradients(&object->mirror, (enum data_kind)next(DATA_KINDS), next(256));
}

static void keep(struct object *object)
{
    const descend_checkpoint with = {.params = true};
    earlier_keep(&object->earlier, &object->mirror);
    assert_int_equal(descend_optimizer_save(object->mirror.optimizer, object->path, &with), DESCEND_OK);
}

static void restore(struct object *object)
{
    struct earlier *earlier = &object->earlier;
    descend_optimizer *optimizer = object->mirror.optimizer;
    assert_int_equal(descend_optimizer_restore(optimizer, NULL), DESCEND_NULL_SNAPSHOT);
    if (!earlier_fits(earlier, &object->mirror)) {
        assert_int_not_equal(descend_optimizer_load(optimizer, object->path, NULL), DESCEND_OK);
        return;
    }
    earlier->params = next(2);
    earlier->read_fails = next(2) ? next(8) : 0;
    const unsigned way = next(3);
    const descend_snapshot snapshot = earlier_snapshot(earlier, way == 1);
    const descend_checkpoint with = {.params = earlier->params};
    const descend_status status = way == 2 ? descend_optimizer_load(optimizer, object->path, &with)
                                           : descend_optimizer_restore(optimizer, &snapshot);
    const bool failed = way == 1 && earlier->read_fails > 0 && earlier->reads == earlier->read_fails;
    assert_int_equal(status, failed ? DESCEND_FILE_READ : DESCEND_OK);
    if (!failed)
        earlier_expect(earlier, &object->mirror);
}

static void assert_same(const struct object *object)
{
    const struct mirror *mirror = &object->mirror;
    assert_mirrored(mirror, "a call");
    assert_int_equal(descend_optimizer_group_count(mirror->optimizer), mirror->groups);
    assert_int_equal(descend_optimizer_tensor_count(mirror->optimizer), mirror->count);
    assert_int_equal(descend_optimizer_find(mirror->optimizer, "tensor"), mirror->count);
    for (size_t i = 0; i < mirror->count; i++)
        assert_int_equal(descend_optimizer_find(mirror->optimizer, mirror->twin[i].name), i);
    for (unsigned group = 0; group < mirror->groups; group++) {
        descend_config config;
        assert_int_equal(descend_optimizer_config(mirror->optimizer, group, &config), DESCEND_OK);
        assert_config_equal(&config, &mirror->group[group].config);
    }
}

static void begin_objects(void)
{
    size_t count, isas = 0;
    const struct configuration *all = configurations(&count);
    while (variants()[isas])
        isas++;
    assert_int_equal(descend_isa_force(variants()[next((unsigned)isas)]), DESCEND_OK);
    for (size_t i = 0; i < OBJECTS; i++) {
        objects[i] = (struct object){.mirror = mirror_new(&all[next((unsigned)count)])};
        /* not on a disk, which would take long */
        snprintf(objects[i].path, sizeof objects[i].path, "/dev/shm/descend-fuzz-object.%ld.%zu", (long)getpid(), i);
    }
}

static void end_objects(void)
{
    for (size_t i = 0; i < OBJECTS; i++) {
        mirror_free(&objects[i].mirror);
        earlier_free(&objects[i].earlier);
        unlink(objects[i].path);
    }
}

/* Some more often than others. */
static void (*const calls[])(struct object *object) = {
    add_group,     configure, configure, set_lr,   add,  add,     add_refused, set_gradient,
    set_gradients, call_all,  call_all,  call_all, keep, restore, call_all,    call_between_slices,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input.at = data, input.end = data + size;
    begin_objects();
    for (unsigned made = 0; input.at < input.end && made < CALLS_MAX; made++) {
        const unsigned choice = next(OBJECTS * COUNT(calls));
        struct object *object = &objects[choice / COUNT(calls)];
        calls[choice % COUNT(calls)](object);
        assert_same(object);
    }
    end_objects();
    return 0;
}
