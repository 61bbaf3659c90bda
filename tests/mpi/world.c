/* SPDX-License-Identifier: MIT */
#include "world.h"

MPI_Comm world_comm = MPI_COMM_NULL;
int world_rank, world_ranks;

void world_begin(int *argc, char ***argv)
{
    int provided;
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_size(MPI_COMM_WORLD, &world_ranks);
    (void)world_use(world_ranks);
}

bool world_use(int ranks)
{
    int rank;
    if (world_comm != MPI_COMM_NULL)
        MPI_Comm_free(&world_comm);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_split(MPI_COMM_WORLD, rank < ranks ? 0 : MPI_UNDEFINED, rank, &world_comm);
    if (world_comm == MPI_COMM_NULL)
        return false;
    MPI_Comm_rank(world_comm, &world_rank);
    MPI_Comm_size(world_comm, &world_ranks);
    return true;
}

int world_end(void)
{
    int rank, ranks;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    if (rank == 0)
        printf("%d ranks: passed\n", ranks);
    if (world_comm != MPI_COMM_NULL)
        MPI_Comm_free(&world_comm);
    return MPI_Finalize() == MPI_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}
