/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "equal.h"
#include "test.h"

const descend_scaler scene_scaler = {1024, 2, 0.5, 100, 7};
const descend_note scene_note = {"seed", "1234"};

static const descend_scaler other_scaler = {4, 3, 0.25, 10, 2};

/* Tensor 4 never has a gradient. */
const struct shape scene_shapes[SCENE_TENSORS] = {
    {.n = 12}, {.n = 3, .group = 1}, {.n = 0}, {.n = 33, .group = 1, .own_state = true}, {.n = 7, .absent = true},
    {.n = 1}};

static struct mirror stepped(const struct configuration *first, const struct configuration *second, unsigned steps,
                             uint64_t seed)
{
    struct mirror mirror = mirror_new(first);
    mirror_group(&mirror, second);
    mirror_add(&mirror, scene_shapes, SCENE_TENSORS, ORDINARY, seed);
    for (unsigned i = 0; i < steps; i++) {
        mirror_gradients(&mirror, ORDINARY, seed + i);
        mirror_step(&mirror, NULL, NULL);
    }
    return mirror;
}

/* The optimizer's groups: one with all states and another lr, one with the fewest. */
void scene_make(struct scene *scene, const struct configuration *configuration)
{
    size_t count;
    const struct configuration *fewest = configurations(&count);
    struct configuration another = *configuration;
    (void)descend_config_set(&another.config, "lr", 0.25);
    while (strcmp(fewest->optimizer, configuration->optimizer) != 0)
        fewest++;
    *scene = (struct scene){.saved = stepped(configuration, configuration, 5, 1),
                            .mirror = stepped(&another, fewest, 2, 50),
                            .untouched = stepped(&another, fewest, 2, 50),
                            .scaler = scene_scaler};
    scene->with = (descend_checkpoint){.params = true, .scaler = &scene->scaler, .notes = &scene_note, .note_count = 1};
    assert_int_equal(descend_optimizer_save(scene->saved.optimizer, FILE_PATH, &scene->with), DESCEND_OK);
    scene->good = read_bytes(FILE_PATH);
    scene->scaler = other_scaler;
}

void scene_free(struct scene *scene)
{
    mirror_free(&scene->saved);
    mirror_free(&scene->mirror);
    mirror_free(&scene->untouched);
    free(scene->good.data);
}

void assert_unchanged(const struct scene *scene, const char *what)
{
    assert_equal_optimizers(scene->mirror.optimizer, scene->untouched.optimizer, "%s", what);
    assert_mirrored(&scene->mirror, "%s", what); /* the caller's own arrays too */
    assert_memory_equal(&scene->scaler, &other_scaler, sizeof scene->scaler);
}

void assert_loaded(const struct scene *scene, const char *what)
{
    assert_equal_optimizers(scene->mirror.optimizer, scene->saved.optimizer, "%s", what);
    for (const struct twin *twin = scene->mirror.twin; twin < scene->mirror.twin + SCENE_TENSORS; twin++)
        assert_memory_equal(twin->given.array[GRAD], twin->plain.array[GRAD], twin->shape.n * sizeof(float));
    assert_memory_equal(&scene->scaler, &scene_scaler, sizeof scene->scaler);
}

void for_each_fullest(void (*check)(const struct configuration *configuration))
{
    size_t count;
    const struct configuration *all = configurations(&count);
    for (size_t i = 0; i < count; i++)
        if (i + 1 == count || strcmp(all[i].optimizer, all[i + 1].optimizer) != 0)
            check(&all[i]);
}
