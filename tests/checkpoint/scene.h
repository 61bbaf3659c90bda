/* SPDX-License-Identifier: MIT */
/* A file, and an optimizer that has the same groups and tensors and nothing else in common with it: whatever loading
 * does to it shows. */
#ifndef DESCEND_TESTS_SCENE_H
#define DESCEND_TESTS_SCENE_H

#include "checkpoint/files.h"
#include "descend/checkpoint.h"
#include "mirror.h"

struct scene {
    struct mirror saved;             /* what is in the file */
    struct mirror mirror, untouched; /* the optimizer, and its equal */
    descend_scaler scaler;           /* of the optimizer; the file has another */
    descend_checkpoint with;         /* all that there is, the scaler above */
    struct bytes good;               /* the file */
};

/* Of the configuration's optimizer; the file has its config. Made in place: `with` points into it. */
void scene_make(struct scene *scene, const struct configuration *configuration);
void scene_free(struct scene *scene);

/* What scene_make gives both optimizers, and puts into the file as scaler and note. */
enum { SCENE_GROUPS = 2, SCENE_TENSORS = 6 };
extern const struct shape scene_shapes[SCENE_TENSORS];
extern const descend_scaler scene_scaler;
extern const descend_note scene_note;

/* Each fails the cmocka test, saying where, unless optimizer, parameters, states and scaler are as they were; or as the
 * file has them. Gradients are always as they were. */
void assert_unchanged(const struct scene *scene, const char *what);
void assert_loaded(const struct scene *scene, const char *what);

/* The last configuration of each optimizer: it uses all states. */
void for_each_fullest(void (*check)(const struct configuration *configuration));

#endif
