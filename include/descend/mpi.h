/* SPDX-License-Identifier: MIT */
/*
 * The optimizer across processes (ZeRO-1): each rank of an MPI communicator holds the states of its shard only.
 * Gradients are added up over the ranks, each shard where it belongs; every rank steps its shard; the parameters are
 * gathered. These functions are in the library descend::mpi, over standard MPI-3.1; the other libraries do not need
 * MPI. docs/distributed.md has a whole program.
 *
 *     descend_optimizer *groups; // kind, groups, configs and seed; no tensors
 *     descend_mpi *mpi;
 *     status = descend_optimizer_create(&groups, &config);
 *     status = descend_mpi_create(&mpi, MPI_COMM_WORLD, groups, tensors, NULL, count, NULL);
 *     for (…) { // each rank has computed its gradients
 *         status = descend_mpi_reduce(mpi);
 *         status = descend_mpi_measure(mpi, NULL, &found);
 *         double scale = descend_clip_coefficient(1.0, found.norm / ranks) / ranks;
 *         descend_pass pass = {.grad_scale = &scale, .zero_grad = true};
 *         status = descend_mpi_step(mpi, &pass, NULL); // refuses what is not finite
 *     }
 *     descend_mpi_destroy(mpi);
 *
 * One answer. Gradients are added up in a fixed binary tree over the rank numbers, in float32: of n ranks, the first
 * 2^k, where 2^k is the largest power of two below n, and the others, each half likewise. So parameters, norms and
 * checkpoint files have the same bits in every run, with every MPI, placement of ranks, variant and number of threads.
 * Where the numbers of ranks and of micro-batches are powers of two and each rank adds up its consecutive micro-batches
 * with descend_mpi_accumulate, they have the same bits with every number of ranks: those of one process that adds up
 * all micro-batches in that tree and calls descend_optimizer_step.
 *
 * Collective. All functions but those that say otherwise have to be called by all ranks in the same order. A rank whose
 * call is refused still takes part: all ranks learn of it before any of them writes to the caller's arrays. The rank
 * itself returns its own status, the others DESCEND_MPI_PEER, and descend_mpi_peer tells which rank had which status.
 * DESCEND_MPI_MISMATCH: the ranks do not want the same.
 *
 * Failure of ranks. With descend_mpi_options.timeout, a call that waits longer for other ranks returns
 * DESCEND_MPI_TIMEOUT; where MPI reports an error, a call returns DESCEND_MPI_FAILED. From then on every call with this
 * descend_mpi returns that status, and the job should be ended (MPI_Abort): MPI cannot take back what it has begun.
 * Without a timeout a call waits as long as MPI does.
 *
 * Thread safety. One thread at a time for each descend_mpi; MPI_THREAD_FUNNELED is enough. The caller has called
 * MPI_Init and calls MPI_Finalize after descend_mpi_destroy. The caller's floating-point environment neither affects a
 * result nor is changed.
 */
#ifndef DESCEND_MPI_H
#define DESCEND_MPI_H

#include <mpi.h>

#include "descend/checkpoint.h"

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* An optimizer across the ranks of a communicator. */
typedef struct descend_mpi descend_mpi;

/* Memory that all ranks of a node see. */
typedef struct descend_mpi_memory descend_mpi_memory;

/* Set all of it to zero, then what is wanted. All ranks pass the same, but for the pointers' values. */
typedef struct descend_mpi_options {
    double timeout; /* seconds that a call waits for other ranks; 0: without a limit. 600 suits most jobs */
    /* Elements of gradients that are received at a time, twice; 0: 2^18 for each rank, at most 2^26. Never more than
     * there are. */
    size_t bucket;
    unsigned micro_batches; /* calls of descend_mpi_accumulate before each reduction; 0: none */
    unsigned threads;       /* for adding up gradients, as in descend_exec */
    /* Where all ranks are on one node. Each may be NULL. shared_grads: one block for each rank, in which its gradients
     * lie. shared_params: one block for all ranks, in which each tensor's copy lies, or its param where it has no copy.
     * They lie at the same places in the blocks of all ranks. */
    const descend_mpi_memory *shared_grads, *shared_params;
    uintptr_t reserved[8]; /* zero; anything else is refused with DESCEND_BAD_RESERVED */
} descend_mpi_options;

/*
 * Creates the optimizer of a communicator, which is duplicated. `groups` is an optimizer without tensors, whose kind,
 * groups, configs and seed are copied. tensors are whole: first is 0, and whole 0 or n. group[t] is the group of
 * tensor t; NULL: all are in group 0. options may be NULL.
 *
 * Of each tensor, param, grad and copy are arrays of this rank for all n elements, which have to last; the states are
 * allocated, for the shard only, in the dtypes that state says. All gradients have one dtype. After each step all ranks
 * have all new parameters; or, for a tensor with a copy, all of the copy, and param is new only in the rank's shard.
 *
 * A shard is a part of all elements in the order of the tensors: about 1 / ranks of them. A tensor is cut between
 * segments (descend_segment_length), LAMB's only at its ends. All memory is allocated here: 4 bytes for each element of
 * the shard; what the states of the shard take; room for the gradients that are received, twice options->bucket
 * elements (none with shared_grads); and log2 of options->micro_batches arrays of all n elements.
 *
 * DESCEND_NULL_OPTIMIZER: mpi or groups is NULL. DESCEND_IN_USE: groups has tensors. DESCEND_BAD_FIRST: a tensor is not
 * whole. DESCEND_NULL_ARRAY: a gradient is NULL, or a state is not. DESCEND_BAD_DTYPE: gradients of several dtypes, or
 * micro_batches with gradients that are not float32. DESCEND_BAD_GROUP. DESCEND_MPI_BAD_OPTIONS: timeout is negative or
 * NaN. DESCEND_MPI_NOT_SHARED: an array does not lie in the memory that is to be shared, or that is of another
 * communicator. DESCEND_MPI_MISMATCH: between ranks the kind, a config, the seed, a tensor, an option or
 * DESCEND_NUMERICS_VERSION differs. The errors of descend_optimizer_add. DESCEND_NO_MEMORY.
 */
descend_status descend_mpi_create(descend_mpi **mpi, MPI_Comm comm, const descend_optimizer *groups,
                                  const descend_tensor *tensors, const unsigned *group, size_t count,
                                  const descend_mpi_options *options);

/* Collective where mpi is not NULL. Does not wait where a call has returned DESCEND_MPI_TIMEOUT or DESCEND_MPI_FAILED,
 * or where a reduction has begun and is not finished; MPI may then still write to the memory, which is therefore not
 * freed. */
void descend_mpi_destroy(descend_mpi *mpi);

/* The optimizer of this rank's shard, to configure and to read: all ranks have to set the same configs and learning
 * rates (else the next step is a DESCEND_MPI_MISMATCH). It has all tensors, in the same order, each with the elements
 * of the shard only, which may be none. NULL for NULL. Not collective. */
descend_optimizer *descend_mpi_optimizer(descend_mpi *mpi);

/* A part of a tensor that a rank steps. */
typedef struct descend_mpi_piece {
    size_t tensor, begin, end; /* the elements [begin, end) */
    int rank;
} descend_mpi_piece;

/* Writes up to `room` of the pieces, in the order of tensors and elements, and returns how many there are, at most the
 * number of tensors + ranks. Not collective. */
size_t descend_mpi_pieces(const descend_mpi *mpi, descend_mpi_piece *pieces, size_t room);

/* Says whether this rank computes a tensor's gradient, from the next reduction on; until this is called, it does. A
 * tensor whose gradient is absent on all ranks is not stepped. Where it is absent on some only, it counts as 0 there:
 * the reduction sets their arrays to 0. Not collective. DESCEND_BAD_TENSOR: there is no such tensor.
 * DESCEND_UNFINISHED: its reduction has begun. */
descend_status descend_mpi_set_absent(descend_mpi *mpi, size_t tensor, bool absent);

/* Adds the gradients of a micro-batch, which are in the gradients' arrays, to those of the earlier ones, in the fixed
 * tree. To be called options.micro_batches times before each reduction, each time with gradients that are only of the
 * last micro-batch; after the last call the arrays have the sum. Not collective. DESCEND_UNFINISHED: there have been
 * options.micro_batches calls since the last reduction. */
descend_status descend_mpi_accumulate(descend_mpi *mpi);

/*
 * Adds up the gradients of all ranks. The callers' arrays keep theirs. DESCEND_UNFINISHED: too few calls of
 * descend_mpi_accumulate. DESCEND_MPI_MISMATCH: ranks have begun other tensors, or in another order. What has begun
 * stays so after these errors, and the call is to be made again when the ranks have done what they lacked.
 *
 * With reduce_begin, the exchange of `count` consecutive tensors from number `tensor` on is begun while the gradients
 * of others are still computed; their arrays must stay as they are until descend_mpi_reduce, which finishes all, and
 * begins what was not begun. MPI makes progress only when it is called: so descend_mpi_poll should be called now and
 * then meanwhile, some fifty times for each range that is begun; from one call to the next at most two buckets are
 * exchanged. poll does not wait and is not collective; reduce_begin does not wait. DESCEND_BAD_TENSOR: there are not so
 * many tensors. DESCEND_UNFINISHED: a tensor has been begun before.
 */
descend_status descend_mpi_reduce(descend_mpi *mpi);
descend_status descend_mpi_reduce_begin(descend_mpi *mpi, size_t tensor, size_t count);
descend_status descend_mpi_poll(descend_mpi *mpi);

/* As descend_optimizer_measure, of the sum over all ranks. Where it is not finite, descend_mpi_peer tells the first
 * rank whose own gradients are not, with DESCEND_MPI_NOT_FINITE; or no rank, where only the sum overflows.
 * DESCEND_UNFINISHED: not after descend_mpi_reduce. */
descend_status descend_mpi_measure(descend_mpi *mpi, const descend_exec *exec, descend_measurement *measurement);

/*
 * As descend_optimizer_step with the sum over all ranks, after which the parameters, or copies, of all shards are
 * gathered. exec may have no slices (DESCEND_NO_SLICES). pass->zero_grad sets all gradients of this rank to 0.
 *
 * DESCEND_UNFINISHED: not after descend_mpi_reduce. DESCEND_MPI_NOT_FINITE: descend_mpi_measure has found that the
 * gradients are not finite. So a step is never skipped in silence; to go on after it, reduce the next gradients.
 * DESCEND_MPI_MISMATCH: ranks have other passes or configs.
 */
descend_status descend_mpi_step(descend_mpi *mpi, const descend_pass *pass, const descend_exec *exec);

/* Sets all gradients of this rank to 0. Not collective. DESCEND_UNFINISHED: a reduction has begun. */
descend_status descend_mpi_zero_grad(descend_mpi *mpi);

/*
 * Saves and loads the same file, byte for byte, that one process with the whole tensors would. checkpoint.h says all
 * about it; path and checkpoint are the same on all ranks.
 *
 * Where all ranks reach the directory, each writes its part of the temporary file by MPI-IO; else rank 0 receives the
 * parts, 16 MiB at a time, and writes them. Loading, each rank reads its parts; so every rank has to find the file.
 * Any number of ranks loads it, and so does descend_optimizer_load. After an error nothing has changed on any rank, and
 * errno is only set on the rank that had the error.
 */
descend_status descend_mpi_save(descend_mpi *mpi, const char *path, const descend_checkpoint *checkpoint);
descend_status descend_mpi_load(descend_mpi *mpi, const char *path, const descend_checkpoint *checkpoint);

/* Which rank the last call's DESCEND_MPI_PEER or measurement is about, and its status. Either pointer may be NULL. rank
 * is -1, and the status DESCEND_OK, where it is about none. Not collective. */
descend_status descend_mpi_peer(const descend_mpi *mpi, int *rank, descend_status *status);

/*
 * Allocates memory that all ranks of a communicator see, by MPI_Win_allocate_shared. Collective. With common false each
 * rank gets a block of `size` bytes; with common true all have one block of `size` bytes. size is the same on all
 * ranks. descend_mpi_memory_block returns the rank's block, at a multiple of 64 bytes, with common true the same for
 * all ranks; NULL where there is no such rank. descend_mpi_free is collective, and takes NULL.
 *
 * DESCEND_MPI_NOT_SHARED: the ranks are on several nodes. DESCEND_NULL_ARRAY: memory is NULL. DESCEND_NO_MEMORY.
 */
descend_status descend_mpi_alloc(descend_mpi_memory **memory, MPI_Comm comm, size_t size, bool common);
void *descend_mpi_memory_block(const descend_mpi_memory *memory, int rank);
void descend_mpi_free(descend_mpi_memory *memory);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
