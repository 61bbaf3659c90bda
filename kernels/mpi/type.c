/* SPDX-License-Identifier: MIT */
#include "type.h"

#include <limits.h>

/* MPI counts a block in an int: a longer run is several blocks. */
static const size_t BLOCK_BYTES = (size_t)1 << 30;

static const descend_array *array_of(const descend_mpi *mpi, enum which which, size_t tensor)
{
    return which == GRADS ? &mpi->tensor[tensor].grad : &mpi->tensor[tensor].out;
}

static size_t element_bytes(const descend_array *array)
{
    size_t data, second;
    descend_array_size(array->dtype, 1, &data, &second);
    return data;
}

int descend_mpi_blocks_max(const descend_mpi *mpi)
{
    const uint64_t longest = mpi->start[mpi->tensors] / (BLOCK_BYTES / sizeof(float));
    const uint64_t blocks = longest + mpi->tensors + (uint64_t)mpi->ranks + 1;
    return blocks <= INT_MAX ? (int)blocks : 0;
}

void descend_mpi_message_begin(struct message *message, const descend_mpi *mpi, enum which which)
{
    *message = (struct message){.mpi = mpi, .which = which};
}

void descend_mpi_message_add(struct message *message, const struct places *range)
{
    const descend_mpi *mpi = message->mpi;
    struct run run;
    for (bool more = descend_mpi_run_first(mpi, range, &run); more; more = descend_mpi_run_next(mpi, range, &run)) {
        const descend_array *array = array_of(mpi, message->which, run.tensor);
        const size_t size = element_bytes(array), end = run.end * size;
        for (size_t at = run.begin * size, length; at < end; at += length, message->blocks++) {
            length = end - at < BLOCK_BYTES ? end - at : BLOCK_BYTES;
            mpi->length[message->blocks] = (int)length;
            mpi->at[message->blocks] = (MPI_Aint)((uintptr_t)array->data + at);
        }
    }
}

int descend_mpi_message_end(const struct message *message, MPI_Datatype *type)
{
    const descend_mpi *mpi = message->mpi;
    int result = MPI_Type_create_hindexed(message->blocks, mpi->length, mpi->at, MPI_BYTE, type);
    if (result == MPI_SUCCESS)
        result = MPI_Type_commit(type);
    return result;
}
