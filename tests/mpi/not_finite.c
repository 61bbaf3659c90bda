/* SPDX-License-Identifier: MIT */
/* Gradients that are infinite or no numbers, on one rank, on several, or only in the sum: every rank finds them, no
 * rank steps, and with the next gradients the training goes on with the right bits. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "scene.h"
#include "world.h"

static const double untouched = 77;

static size_t bytes_of(const struct scene *scene, size_t elements)
{
    size_t data, second;
    descend_array_size(scene->manner.grad, elements, &data, &second);
    return data;
}

static void set_grad(const struct scene *scene, size_t element, float value)
{
    const descend_array to = {.data = scene->grad + bytes_of(scene, element), .dtype = scene->manner.grad};
    EXPECT_OK(descend_array_store(&to, 1, &value));
}

/* All ranks find that; no rank steps. */
static void expect_not_finite(const struct scene *scene, int first_rank, float norm_inf)
{
    descend_measurement found = {.norm = untouched, .finite = true};
    descend_status status;
    int rank;
    EXPECT_OK(descend_mpi_reduce(scene->mpi));
    EXPECT_OK(descend_mpi_measure(scene->mpi, NULL, &found));
    EXPECT(!found.finite && !isfinite(found.norm), "norm %g", found.norm);
    EXPECT(isnan(norm_inf) ? isnan(found.norm_inf) : isinf(found.norm_inf), "norm_inf %g", found.norm_inf);
    EXPECT_OK(descend_mpi_peer(scene->mpi, &rank, &status));
    EXPECT(rank == first_rank && status == (rank < 0 ? DESCEND_OK : DESCEND_MPI_NOT_FINITE), "rank %d, \"%s\"", rank,
           descend_status_string(status));
    for (int i = 0; i < 2; i++)
        EXPECT_STATUS(descend_mpi_step(scene->mpi, NULL, NULL), DESCEND_MPI_NOT_FINITE);
    scene_compare(scene);
}

/* Some ranks, one bit each, have such a gradient. */
static void check(struct scene *scene, float value, size_t element, unsigned ranks)
{
    int first = 0;
    while (!(ranks >> first & 1))
        first++;
    MPI_Barrier(world_comm); /* others may still compare what is shared */
    scene_compute(scene);
    if (ranks >> world_rank & 1)
        set_grad(scene, element, value);
    expect_not_finite(scene, first, ranks == 1U << first ? value : NAN);
}

/* The sum of all ranks is infinite, and no gradient is. */
static void check_overflow(struct scene *scene)
{
    scene_compute(scene);
    set_grad(scene, scene->elements / 2, FLT_MAX);
    expect_not_finite(scene, -1, INFINITY);
}

static void check_all(struct manner manner)
{
    struct scene scene;
    scene_begin(&scene, configuration_of("adamw"), &manner, 1);
    const unsigned last = 1U << (world_ranks - 1);
    const size_t elements[] = {0, scene.elements / 2, scene.elements - 16};
    const float values[] = {NAN, INFINITY, -INFINITY};
    scene_train(&scene, 1);
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            check(&scene, values[i], elements[k], last);
            check(&scene, values[i], elements[k], 1);
        }
    check(&scene, NAN, 0, 1 | last);
    scene_train(&scene, 1);
    if (manner.grad == DESCEND_F32 && world_ranks > 1) {
        check_overflow(&scene);
        scene_train(&scene, 1);
    }
    scene_end(&scene);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    check_all((struct manner){.grad = DESCEND_F32});
    check_all((struct manner){.grad = DESCEND_BF16});
    check_all((struct manner){.grad = DESCEND_F16, .bucket = 1});
    check_all((struct manner){.share_grads = true, .share_params = true});
    return world_end();
}
