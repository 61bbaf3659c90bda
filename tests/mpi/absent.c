/* SPDX-License-Identifier: MIT */
/* Gradients that some ranks have not computed, in every combination, which changes from step to step: what is absent on
 * all ranks is not stepped, and what is absent on some counts as 0 there. */
#include "scene.h"
#include "world.h"

static void check(const char *label, struct manner manner)
{
    struct scene scene;
    manner.absents = true;
    scene_begin(&scene, configuration_of(label), &manner, 1);
    scene_train(&scene, 8);
    EXPECT_STATUS(descend_mpi_set_absent(scene.mpi, SCENE_TENSORS, true), DESCEND_BAD_TENSOR);
    scene_end(&scene);
}

/* Once its reduction has begun, it is too late. */
static void check_too_late(void)
{
    struct scene scene;
    const struct manner manner = {.bucket = 1};
    scene_begin(&scene, configuration_of("adam"), &manner, 1);
    EXPECT_OK(descend_mpi_reduce_begin(scene.mpi, 1, 2));
    EXPECT_STATUS(descend_mpi_set_absent(scene.mpi, 2, true), DESCEND_UNFINISHED);
    EXPECT_OK(descend_mpi_set_absent(scene.mpi, 3, false));
    EXPECT_OK(descend_mpi_reduce(scene.mpi));
    EXPECT_OK(descend_mpi_set_absent(scene.mpi, 2, false));
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    check("adamw amsgrad", (struct manner){.grad = DESCEND_F32});
    check("nadam", (struct manner){.begins = true, .bucket = 1});
    check("sgd momentum", (struct manner){.share_grads = true});
    check("lamb", (struct manner){.share_grads = true, .share_params = true, .begins = true});
    check("adam", (struct manner){.grad = DESCEND_BF16, .has_copies = true});
    check("adam", (struct manner){.micro_batches = 2});
    check_too_late();
    return world_end();
}
