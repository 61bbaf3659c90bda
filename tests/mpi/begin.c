/* SPDX-License-Identifier: MIT */
/* Reductions that are begun in ways in which they should not be, or that not all ranks can finish. */
#include "scene.h"
#include "world.h"

enum { POLLS = 10000 };

static bool is_last(void)
{
    return world_rank == world_ranks - 1;
}

static void begin(const struct scene *scene, size_t tensor, size_t count)
{
    EXPECT_OK(descend_mpi_reduce_begin(scene->mpi, tensor, count));
    EXPECT_OK(descend_mpi_poll(scene->mpi));
}

/* What does not depend on other ranks. */
static void check_arguments(struct manner manner)
{
    struct scene scene;
    scene_begin(&scene, configuration_of("adam"), &manner, 1);
    EXPECT_OK(descend_mpi_poll(scene.mpi));
    scene_compute(&scene);
    EXPECT_OK(descend_mpi_poll(scene.mpi));
    EXPECT_STATUS(descend_mpi_reduce_begin(scene.mpi, 0, SCENE_TENSORS + 1), DESCEND_BAD_TENSOR);
    EXPECT_STATUS(descend_mpi_reduce_begin(scene.mpi, SCENE_TENSORS + 1, 0), DESCEND_BAD_TENSOR);
    EXPECT_STATUS(descend_mpi_reduce_begin(scene.mpi, 1, SIZE_MAX), DESCEND_BAD_TENSOR);
    begin(&scene, SCENE_TENSORS, 0);
    begin(&scene, 6, 1);
    begin(&scene, 2, 1); /* has no elements */
    EXPECT_STATUS(descend_mpi_reduce_begin(scene.mpi, 6, 1), DESCEND_UNFINISHED);
    EXPECT_STATUS(descend_mpi_reduce_begin(scene.mpi, 1, 3), DESCEND_UNFINISHED);
    EXPECT_STATUS(descend_mpi_zero_grad(scene.mpi), DESCEND_UNFINISHED);
    begin(&scene, 0, 1);
    scene_reduce(&scene);
    EXPECT_OK(descend_mpi_poll(scene.mpi));
    scene_step(&scene);
    EXPECT_OK(descend_mpi_poll(scene.mpi));
    scene_end(&scene);
}

/* One rank has begun what the others have not: they do it after all. */
static void check_one_begins(struct manner manner)
{
    struct scene scene;
    descend_measurement found;
    scene_begin(&scene, configuration_of("adam"), &manner, 1);
    scene_compute(&scene);
    if (is_last())
        begin(&scene, 1, 2);
    EXPECT_STATUS(descend_mpi_reduce(scene.mpi), DESCEND_MPI_MISMATCH);
    EXPECT_STATUS(descend_mpi_reduce(scene.mpi), DESCEND_MPI_MISMATCH);
    EXPECT_STATUS(descend_mpi_measure(scene.mpi, NULL, &found), DESCEND_UNFINISHED);
    if (!is_last())
        begin(&scene, 1, 2);
    scene_reduce(&scene);
    scene_step(&scene);
    scene_train(&scene, 1);
    scene_end(&scene);
}

/* One rank has not added up all its micro-batches, and the others have begun: it does so after all. */
static void check_too_few_micro_batches(struct manner manner)
{
    struct scene scene;
    int rank;
    descend_status status;
    manner.micro_batches = 1;
    scene_begin(&scene, configuration_of("adam"), &manner, 1);
    if (is_last()) {
        EXPECT_STATUS(descend_mpi_reduce_begin(scene.mpi, 1, 2), DESCEND_UNFINISHED);
    } else {
        EXPECT_OK(descend_mpi_accumulate(scene.mpi));
        begin(&scene, 1, 2);
        EXPECT_STATUS(descend_mpi_accumulate(scene.mpi), DESCEND_UNFINISHED);
    }
    EXPECT_STATUS(descend_mpi_reduce(scene.mpi), is_last() ? DESCEND_UNFINISHED : DESCEND_MPI_PEER);
    EXPECT_OK(descend_mpi_peer(scene.mpi, &rank, &status));
    EXPECT(rank == world_ranks - 1 && status == DESCEND_UNFINISHED, "rank %d", rank);
    if (is_last()) {
        EXPECT_OK(descend_mpi_accumulate(scene.mpi));
        begin(&scene, 1, 2);
    }
    EXPECT_OK(descend_mpi_reduce(scene.mpi));
    scene_train(&scene, 2);
    scene_end(&scene);
}

/* In another order on one rank, which no later call can mend: no rank gets a sum, and the object can be destroyed. */
static void check_other_order(struct manner manner)
{
    struct scene scene;
    scene_begin(&scene, configuration_of("adam"), &manner, 1);
    scene_compute(&scene);
    begin(&scene, is_last() ? 6 : 5, 1);
    begin(&scene, is_last() ? 5 : 6, 1);
    MPI_Barrier(world_comm);
    for (unsigned i = 0; i < POLLS; i++) /* for messages to come that would be taken for others */
        EXPECT_OK(descend_mpi_poll(scene.mpi));
    for (size_t i = 0; i < 2; i++)
        EXPECT_STATUS(descend_mpi_reduce(scene.mpi), DESCEND_MPI_MISMATCH);
    EXPECT_STATUS(descend_mpi_step(scene.mpi, NULL, NULL), DESCEND_UNFINISHED);
    scene_compare(&scene);
    descend_mpi_destroy(scene.mpi); /* the arrays are not freed: MPI may still read them */
    MPI_Barrier(world_comm);
}

/* What has begun is never reduced. */
static void check_destroy(struct manner manner)
{
    struct scene scene;
    scene_begin(&scene, configuration_of("adam"), &manner, 1);
    scene_compute(&scene);
    begin(&scene, 1, 6);
    descend_mpi_destroy(scene.mpi);
    MPI_Barrier(world_comm);
}

int main(int argc, char **argv)
{
    const struct manner manners[] = {{.grad = DESCEND_F32}, {.bucket = 1}, {.share_grads = true}};
    world_begin(&argc, &argv);
    for (size_t i = 0; i < sizeof manners / sizeof *manners; i++) {
        check_arguments(manners[i]);
        check_one_begins(manners[i]);
        check_too_few_micro_batches(manners[i]);
        check_destroy(manners[i]);
        check_other_order(manners[i]);
    }
    return world_end();
}
