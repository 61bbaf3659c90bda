/* SPDX-License-Identifier: MIT */
/* How much of an exchange is hidden behind computing, with reduce_begin for each tensor and poll between slices of the
 * work. To be run on a slow link. The argument is how much longer than the longer of the two both may take. */
#include "world.h"

enum { TENSORS = 64, N = 64 << 10, SLICES = 50, REPEATS = 7 };

static descend_mpi *mpi;
static long work; /* of a slice */

/* What a rank computes between two polls. */
static void compute_slice(void)
{
    static volatile float result;
    float x = result;
    for (long i = 0; i < work; i++)
        x = x * 0.5f + 1;
    result = x;
}

static void compute(bool begins)
{
    for (size_t t = 0; t < TENSORS; t++) {
        for (int i = 0; i < SLICES; i++) {
            compute_slice();
            if (begins)
                EXPECT_OK(descend_mpi_poll(mpi));
        }
        if (begins)
            EXPECT_OK(descend_mpi_reduce_begin(mpi, t, 1));
    }
}

static void only_compute(void)
{
    compute(false);
}

static void only_exchange(void)
{
    EXPECT_OK(descend_mpi_reduce(mpi));
}

static void one_after_the_other(void)
{
    compute(false);
    EXPECT_OK(descend_mpi_reduce(mpi));
}

static void both(void)
{
    compute(true);
    EXPECT_OK(descend_mpi_reduce(mpi));
}

/* The least of the seconds that the slowest rank takes. */
static double seconds(void (*run)(void))
{
    double least = 0;
    for (int i = 0; i < REPEATS; i++) {
        MPI_Barrier(world_comm);
        const double begin = MPI_Wtime();
        run();
        double taken = MPI_Wtime() - begin;
        MPI_Allreduce(MPI_IN_PLACE, &taken, 1, MPI_DOUBLE, MPI_MAX, world_comm);
        least = i == 0 || taken < least ? taken : least;
    }
    return least;
}

/* Work that takes twice the time of the exchange: then what is left of it after the last tensor is little. */
static void find_work(void)
{
    const double exchange = seconds(only_exchange);
    work = 100000;
    work = (long)((double)work * 2 * exchange / seconds(only_compute));
    MPI_Bcast(&work, 1, MPI_LONG, 0, world_comm);
}

static void create(float *arrays)
{
    static char names[TENSORS][4];
    const descend_config config = descend_config_defaults(DESCEND_SGD);
    descend_tensor tensors[TENSORS];
    descend_optimizer *groups;
    for (size_t t = 0; t < TENSORS; t++) {
        snprintf(names[t], sizeof names[t], "%zu", t);
        tensors[t] = (descend_tensor){.name = names[t], .n = N};
        tensors[t].param.data = arrays + 2 * t * N;
        tensors[t].grad.data = arrays + (2 * t + 1) * N;
    }
    EXPECT_OK(descend_optimizer_create(&groups, &config));
    EXPECT_OK(descend_mpi_create(&mpi, world_comm, groups, tensors, NULL, TENSORS, NULL));
    descend_optimizer_destroy(groups);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    EXPECT(argc == 2, "usage: overlap MOST");
    float *arrays = calloc((size_t)2 * TENSORS * N, sizeof *arrays);
    EXPECT(arrays != NULL, "no memory");
    create(arrays);
    find_work();
    const double exchange = seconds(only_exchange), computing = seconds(only_compute);
    const double after = seconds(one_after_the_other), together = seconds(both);
    const double longer = exchange > computing ? exchange : computing;
    if (world_rank == 0)
        printf(
            "exchange %.0f ms, computing %.0f ms, one after the other %.0f ms, together %.0f ms: %.3f of the longer\n",
            1e3 * exchange, 1e3 * computing, 1e3 * after, 1e3 * together, together / longer);
    EXPECT(together <= strtod(argv[1], NULL) * longer, "%g of the longer", together / longer);
    descend_mpi_destroy(mpi);
    free(arrays);
    return world_end();
}
