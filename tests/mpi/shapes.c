/* SPDX-License-Identifier: MIT */
/* Optimizers with no tensors, with tensors of no elements, with fewer segments than ranks; and memory that is not the
 * shared memory that it should be. The sums are whole numbers. The argument is a directory. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "world.h"

enum { MOST = 8, ROOM = 20000 };

static char path[4096];
static float *params, *grads;

/* What an optimizer is made of. */
struct shape {
    descend_tensor tensors[MOST];
    size_t count, elements;
};

static struct shape shape_of(const size_t *sizes, size_t count)
{
    static const char *const names[MOST] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct shape shape = {.count = count};
    for (size_t t = 0; t < count; t++) {
        shape.tensors[t] = (descend_tensor){.name = names[t], .n = sizes[t]};
        shape.tensors[t].param.data = params + shape.elements;
        shape.tensors[t].grad.data = grads + shape.elements;
        shape.elements += sizes[t];
    }
    return shape;
}

static descend_status create(const struct shape *shape, const descend_mpi_options *options, descend_mpi **mpi)
{
    descend_optimizer *groups;
    descend_config config = descend_config_defaults(DESCEND_SGD);
    config.sgd.lr = 1;
    EXPECT_OK(descend_optimizer_create(&groups, &config));
    const descend_status status =
        descend_mpi_create(mpi, world_comm, groups, shape->tensors, NULL, shape->count, options);
    descend_optimizer_destroy(groups);
    return status;
}

static void expect_params(const struct shape *shape, float value)
{
    for (size_t i = 0; i < shape->elements; i++)
        EXPECT(params[i] == value, "parameter %zu of %zu: %g, not %g", i, shape->elements, params[i], value);
    MPI_Barrier(world_comm);
}

/* Two steps from 0 on, the first of them saved and loaded after the second. */
static void train(const struct shape *shape, const descend_mpi_options *options)
{
    const descend_checkpoint checkpoint = {.params = true};
    const float sum = (float)(world_ranks * (world_ranks + 1)) / 2;
    descend_mpi *mpi;
    MPI_Barrier(world_comm);
    for (size_t i = 0; i < ROOM; i++) {
        params[i] = 0;
        grads[i] = (float)(world_rank + 1);
    }
    EXPECT_OK(create(shape, options, &mpi));
    for (int step = 1; step <= 2; step++) {
        descend_measurement found;
        EXPECT_OK(descend_mpi_reduce(mpi));
        EXPECT_OK(descend_mpi_measure(mpi, NULL, &found));
        const double norm = sqrt((double)shape->elements) * (double)sum;
        EXPECT(found.finite && fabs(found.norm - norm) <= 1e-12 * norm, "norm %.17g, not %.17g", found.norm, norm);
        EXPECT_OK(descend_mpi_step(mpi, NULL, NULL));
        expect_params(shape, (float)-step * sum);
        if (step == 1)
            EXPECT_OK(descend_mpi_save(mpi, path, &checkpoint));
    }
    EXPECT_OK(descend_mpi_load(mpi, path, &checkpoint));
    expect_params(shape, -sum);
    descend_mpi_destroy(mpi);
}

static void check_shapes(const descend_mpi_options *options)
{
    static const size_t sizes[][MOST] = {{0}, {0, 0, 0}, {1}, {2, 0, 1}, {0, 1, 0, 0, 5000, 0}, {5000, 4097, 3}};
    static const size_t counts[] = {0, 3, 1, 3, 6, 3};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const struct shape shape = shape_of(sizes[i], counts[i]);
        train(&shape, options);
    }
}

/* Parameters in memory that all share, gradients in one block of each. */
static void check_shared(void)
{
    descend_mpi_memory *of_all, *of_each;
    EXPECT_OK(descend_mpi_alloc(&of_all, world_comm, ROOM * sizeof(float), true));
    EXPECT_OK(descend_mpi_alloc(&of_each, world_comm, ROOM * sizeof(float), false));
    const descend_mpi_options both = {.shared_grads = of_each, .shared_params = of_all};
    params = descend_mpi_memory_block(of_all, world_rank);
    grads = descend_mpi_memory_block(of_each, world_rank);
    EXPECT((uintptr_t)params % 64 == 0 && (uintptr_t)grads % 64 == 0, "misaligned");
    EXPECT(descend_mpi_memory_block(of_all, 0) == params, "not one block for all");
    EXPECT(!descend_mpi_memory_block(of_all, world_ranks) && !descend_mpi_memory_block(of_each, -1), "no such rank");
    check_shapes(&both);
    descend_mpi_free(of_all);
    descend_mpi_free(of_each);
}

static void expect_not_shared(const descend_mpi_memory *of_grads, const descend_mpi_memory *of_params)
{
    static const size_t sizes[] = {1000, 9};
    const descend_mpi_options options = {.shared_grads = of_grads, .shared_params = of_params};
    const struct shape shape = shape_of(sizes, 2);
    descend_mpi *mpi;
    EXPECT_STATUS(create(&shape, &options, &mpi), DESCEND_MPI_NOT_SHARED);
}

static void check_not_shared(void)
{
    enum { BYTES = 1009 * sizeof(float) };
    descend_mpi_memory *of_each, *of_all, *of_self;
    float own[1009];
    EXPECT_OK(descend_mpi_alloc(&of_each, world_comm, BYTES, false));
    EXPECT_OK(descend_mpi_alloc(&of_all, world_comm, BYTES, true));
    EXPECT_OK(descend_mpi_alloc(&of_self, MPI_COMM_SELF, BYTES, true));
    grads = descend_mpi_memory_block(of_each, world_rank);
    params = own;
    expect_not_shared(of_each, of_all); /* not in it */
    params = (float *)descend_mpi_memory_block(of_all, world_rank) + 4;
    expect_not_shared(of_each, of_all); /* longer than it */
    params = descend_mpi_memory_block(of_all, world_rank);
    expect_not_shared(of_all, of_each); /* the other way round */
    grads = own;
    expect_not_shared(of_each, of_all);
    if (world_ranks > 1) {
        grads = descend_mpi_memory_block(of_each, (world_rank + 1) % world_ranks); /* that of another rank */
        expect_not_shared(of_each, of_all);
        grads = own;
        params = descend_mpi_memory_block(of_self, 0);
        expect_not_shared(NULL, of_self); /* other ranks */
    }
    descend_mpi_free(of_each);
    descend_mpi_free(of_all);
    descend_mpi_free(of_self);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    EXPECT(argc == 2, "usage: shapes DIRECTORY");
    snprintf(path, sizeof path, "%s/shapes.%d.safetensors", argv[1], world_ranks);
    float *memory = malloc(2 * ROOM * sizeof *memory);
    EXPECT(memory != NULL, "no memory");
    params = memory;
    grads = memory + ROOM;
    check_shapes(NULL);
    check_shared();
    check_not_shared();
    free(memory);
    MPI_Barrier(world_comm);
    if (world_rank == 0)
        (void)unlink(path);
    return world_end();
}
