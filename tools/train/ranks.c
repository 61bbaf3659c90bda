/* SPDX-License-Identifier: MIT */
/* The processes that mpirun has started. */
#include "ranks.h"

#include <stdio.h>

#include "complain.h"
#include "descend/mpi.h"

const bool ranks_can_share = true;

void ranks_begin(void)
{
    int provided;
    /* Only the main thread calls MPI, and errors of MPI itself end the job here: they are not returned. */
    (void)MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    if (ranks_number() == 0)
        return;
    complain_later();
    if (!freopen("/dev/null", "w", stdout))
        complain("/dev/null: cannot open");
}

void ranks_end(void)
{
    (void)MPI_Finalize();
}

unsigned ranks_count(void)
{
    int count;
    (void)MPI_Comm_size(MPI_COMM_WORLD, &count);
    return (unsigned)count;
}

unsigned ranks_number(void)
{
    int rank;
    (void)MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    return (unsigned)rank;
}

bool ranks_agree(bool good)
{
    const unsigned rank = ranks_number(), none = ranks_count();
    const unsigned mine[] = {good ? none : rank, complained() ? rank : none};
    unsigned first[2];
    (void)MPI_Allreduce(mine, first, 2, MPI_UNSIGNED, MPI_MIN, MPI_COMM_WORLD);
    if (first[0] < none && first[1] == rank)
        complain_now();
    return first[0] == none;
}

void ranks_collect(double *values, unsigned each)
{
    (void)MPI_Allgather(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values, (int)each, MPI_DOUBLE, MPI_COMM_WORLD);
}

descend_status joint_open(struct joint *joint, descend_optimizer *groups, const descend_tensor *tensors, size_t count,
                          unsigned micro_batches, unsigned threads)
{
    *joint = (struct joint){.micro_batches = micro_batches};
    /* One micro-batch is taken as it is, in whatever type; several are added up in float32. */
    const descend_mpi_options options = {.micro_batches = micro_batches > 1 ? micro_batches : 0, .threads = threads};
    const descend_status status =
        descend_mpi_create(&joint->mpi, MPI_COMM_WORLD, groups, tensors, NULL, count, &options);
    descend_optimizer_destroy(groups);
    if (status == DESCEND_OK)
        joint->optimizer = descend_mpi_optimizer(joint->mpi);
    return status;
}

void joint_close(struct joint *joint)
{
    descend_mpi_destroy(joint->mpi);
}

descend_status joint_accumulate(struct joint *joint)
{
    return joint->micro_batches > 1 ? descend_mpi_accumulate(joint->mpi) : DESCEND_OK;
}

descend_status joint_reduce(struct joint *joint)
{
    return descend_mpi_reduce(joint->mpi);
}

descend_status joint_measure(struct joint *joint, const descend_exec *exec, descend_measurement *found)
{
    return descend_mpi_measure(joint->mpi, exec, found);
}

descend_status joint_step(struct joint *joint, const descend_pass *pass, const descend_exec *exec)
{
    return descend_mpi_step(joint->mpi, pass, exec);
}

descend_status joint_set_grad(struct joint *joint, size_t tensor, void *grad)
{
    return descend_mpi_set_absent(joint->mpi, tensor, grad == NULL);
}

descend_status joint_save(struct joint *joint, const char *path, const descend_checkpoint *checkpoint)
{
    return descend_mpi_save(joint->mpi, path, checkpoint);
}

descend_status joint_load(struct joint *joint, const char *path, const descend_checkpoint *checkpoint)
{
    return descend_mpi_load(joint->mpi, path, checkpoint);
}
