/* SPDX-License-Identifier: MIT */
/* The last rank does not come to a collective call: the others return when their time is over, and from then on every
 * call does so at once. The argument is a directory. */
#include "scene.h"
#include "world.h"

enum { TIMEOUT = 2, TOLERANCE = 30 }; /* seconds; the others may have to wait for a processor */

static char path[4096];

typedef descend_status collective_call(const struct scene *scene);

static descend_status call_reduce(const struct scene *scene)
{
    return descend_mpi_reduce(scene->mpi);
}

static descend_status call_measure(const struct scene *scene)
{
    descend_measurement found;
    return descend_mpi_measure(scene->mpi, NULL, &found);
}

static descend_status call_step(const struct scene *scene)
{
    return descend_mpi_step(scene->mpi, NULL, NULL);
}

static descend_status call_save(const struct scene *scene)
{
    return descend_mpi_save(scene->mpi, path, NULL);
}

static descend_status call_load(const struct scene *scene)
{
    return descend_mpi_load(scene->mpi, path, NULL);
}

static descend_status call_create(const struct scene *scene)
{
    const descend_mpi_options options = {.timeout = TIMEOUT};
    descend_mpi *mpi;
    return descend_mpi_create(&mpi, world_comm, scene->groups, NULL, NULL, 0, &options);
}

static descend_status call_poll(const struct scene *scene)
{
    return descend_mpi_poll(scene->mpi);
}

static descend_status call_begin(const struct scene *scene)
{
    return descend_mpi_reduce_begin(scene->mpi, 0, 1);
}

static void expect_timeout(const struct scene *scene, collective_call *call)
{
    const double begin = MPI_Wtime();
    EXPECT_STATUS(call(scene), DESCEND_MPI_TIMEOUT);
    const double waited = MPI_Wtime() - begin;
    EXPECT(waited >= TIMEOUT && waited < TIMEOUT + TOLERANCE, "waited %g s", waited);
}

static void expect_end(const struct scene *scene)
{
    collective_call *const calls[] = {call_reduce, call_measure, call_step, call_save,
                                      call_load,   call_poll,    call_begin};
    const double begin = MPI_Wtime();
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        EXPECT_STATUS(calls[i](scene), DESCEND_MPI_TIMEOUT);
    EXPECT_STATUS(descend_mpi_accumulate(scene->mpi), DESCEND_MPI_TIMEOUT);
    descend_mpi_destroy(scene->mpi);
    EXPECT(MPI_Wtime() - begin < TIMEOUT, "the later calls took %g s", MPI_Wtime() - begin);
}

/* The last rank leaves after `before`, which all ranks call where it is given. The arrays are not freed: MPI may still
 * read them. */
static void check(collective_call *before, collective_call *call)
{
    struct scene scene;
    const struct manner manner = {.timeout = TIMEOUT};
    MPI_Barrier(world_comm);
    scene_begin(&scene, configuration_of("adam"), &manner, 1);
    if (before)
        EXPECT_OK(before(&scene));
    if (world_rank < world_ranks - 1) {
        expect_timeout(&scene, call);
        if (call != call_create)
            expect_end(&scene);
    }
    MPI_Barrier(world_comm);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    EXPECT(argc == 2, "usage: timeout DIRECTORY");
    snprintf(path, sizeof path, "%s/timeout.%d.safetensors", argv[1], world_ranks);
    check(NULL, call_reduce);
    check(call_begin, call_reduce);
    check(call_reduce, call_measure);
    check(call_reduce, call_step);
    check(NULL, call_save);
    check(call_save, call_load);
    check(NULL, call_create); /* after which world_comm cannot be duplicated any more */
    MPI_Barrier(world_comm);
    if (world_rank == 0)
        (void)remove(path);
    return world_end();
}
