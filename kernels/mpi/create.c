/* SPDX-License-Identifier: MIT */
/* Creating and destroying the optimizer of a communicator. */
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "memory.h"
#include "plan.h"
#include "round.h"
#include "tree.h"
#include "type.h"
#include "wait.h"

enum { ALIGNMENT = 64 };

/* The arguments of descend_mpi_create. */
struct arguments {
    const descend_optimizer *groups;
    const descend_tensor *tensors;
    const unsigned *group;
    size_t count;
    const descend_mpi_options *options;
};

static descend_status check_options(const descend_mpi_options *options)
{
    for (size_t i = 0; i < sizeof options->reserved / sizeof *options->reserved; i++)
        if (options->reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    return options->timeout >= 0 ? DESCEND_OK : DESCEND_MPI_BAD_OPTIONS;
}

/* What is refused here and not in an optimizer of one process. */
static descend_status check_tensor(const struct arguments *arguments, const descend_tensor *tensor)
{
    const descend_dtype dtype = arguments->tensors[0].grad.dtype;
    if (tensor->first != 0 || (tensor->whole != 0 && tensor->whole != tensor->n))
        return DESCEND_BAD_FIRST;
    if (tensor->n > 0 && tensor->grad.data == NULL)
        return DESCEND_NULL_ARRAY;
    for (size_t i = 0; i < DESCEND_STATES; i++)
        if (tensor->state[i].data != NULL)
            return DESCEND_NULL_ARRAY;
    if (tensor->grad.dtype != dtype || (arguments->options->micro_batches > 0 && dtype != DESCEND_F32))
        return DESCEND_BAD_DTYPE;
    return DESCEND_OK;
}

/* Checks the whole arrays, of which the rank's optimizer has only parts, in an optimizer that needs no states. */
static descend_status check_arrays(const struct arguments *arguments)
{
    const descend_config sgd = descend_config_defaults(DESCEND_SGD);
    descend_optimizer *optimizer;
    descend_status status = descend_optimizer_create(&optimizer, &sgd);
    if (status != DESCEND_OK)
        return status;
    for (size_t t = 0; t < arguments->count && status == DESCEND_OK; t++) {
        descend_tensor tensor = arguments->tensors[t];
        memset(tensor.state, 0, sizeof tensor.state);
        status = descend_optimizer_add(optimizer, 0, &tensor, 1);
    }
    descend_optimizer_destroy(optimizer);
    return status;
}

static descend_status check_arguments(const struct arguments *arguments)
{
    descend_status status = DESCEND_OK;
    if (arguments->groups == NULL)
        return DESCEND_NULL_OPTIMIZER;
    if (descend_optimizer_tensor_count(arguments->groups) > 0)
        return DESCEND_IN_USE;
    if (arguments->tensors == NULL && arguments->count > 0)
        return DESCEND_BAD_TENSOR;
    status = check_options(arguments->options);
    for (size_t t = 0; t < arguments->count && status == DESCEND_OK; t++)
        status = check_tensor(arguments, &arguments->tensors[t]);
    return status == DESCEND_OK ? check_arrays(arguments) : status;
}

/* An optimizer with the same groups. */
static descend_status copy_groups(const descend_optimizer *from, descend_optimizer **to)
{
    descend_status status = DESCEND_OK;
    for (unsigned group = 0; group < descend_optimizer_group_count(from) && status == DESCEND_OK; group++) {
        descend_config config;
        status = descend_optimizer_config(from, group, &config);
        if (status == DESCEND_OK)
            status = group == 0 ? descend_optimizer_create(to, &config) : descend_optimizer_group(*to, &config, NULL);
    }
    return status == DESCEND_OK ? descend_optimizer_set_seed(*to, descend_optimizer_seed(from)) : status;
}

/* Memory for count elements of size bytes, all 0; at least one, so that only a lack of memory gives NULL. */
static void *room(uint64_t count, size_t size)
{
    return count < SIZE_MAX / size ? calloc((size_t)count + 1, size) : NULL;
}

/* How many sums of earlier micro-batches wait at most (descend_mpi_accumulate). */
static unsigned levels_of(unsigned micro_batches)
{
    unsigned levels = 0;
    for (; micro_batches > 1; micro_batches -= micro_batches / 2)
        levels++;
    return levels;
}

static void *aligned_room(uint64_t bytes)
{
    if (bytes > PTRDIFF_MAX - ALIGNMENT)
        return NULL;
    return aligned_alloc(ALIGNMENT, ((size_t)bytes / ALIGNMENT + 1) * ALIGNMENT);
}

static bool allocate_tables(descend_mpi *mpi)
{
    mpi->tensor = room(mpi->tensors, sizeof *mpi->tensor);
    mpi->start = room(mpi->tensors, sizeof *mpi->start);
    mpi->cut = room((uint64_t)mpi->ranks, sizeof *mpi->cut);
    mpi->queue = room(2 * (uint64_t)mpi->tensors, sizeof *mpi->queue);
    mpi->segments = room(mpi->tensors, sizeof *mpi->segments);
    mpi->segment_bytes = room((uint64_t)mpi->ranks, sizeof *mpi->segment_bytes);
    mpi->segment_at = room((uint64_t)mpi->ranks, sizeof *mpi->segment_at);
    mpi->absent = room(mpi->tensors, 1);
    mpi->absent_of_all = room(mpi->tensors, 1);
    return mpi->tensor && mpi->start && mpi->cut && mpi->queue && mpi->segments && mpi->segment_bytes &&
           mpi->segment_at && mpi->absent && mpi->absent_of_all;
}

static bool allocate_buffers(descend_mpi *mpi)
{
    const uint64_t all = mpi->start[mpi->tensors], shard = mpi->cut[mpi->rank + 1] - mpi->cut[mpi->rank];
    const int blocks = descend_mpi_blocks_max(mpi);
    const bool receives = mpi->options.shared_grads == NULL && mpi->ranks > 1;
    bool allocated = blocks > 0;
    mpi->round = descend_mpi_round_length(mpi);
    mpi->sum = aligned_room(shard * sizeof *mpi->sum);
    mpi->scratch = aligned_room(descend_mpi_scratch(mpi) * sizeof *mpi->scratch);
    mpi->accumulated = aligned_room(all * levels_of(mpi->options.micro_batches) * sizeof(float));
    mpi->length = room((uint64_t)blocks, sizeof *mpi->length);
    mpi->at = room((uint64_t)blocks, sizeof *mpi->at);
    for (size_t i = 0; i < ROUNDS; i++) {
        mpi->rounds[i].posted.request = room(2 * (uint64_t)mpi->ranks, sizeof(MPI_Request));
        mpi->rounds[i].received = aligned_room(receives ? descend_mpi_round_bytes(mpi) : 0);
        allocated = allocated && mpi->rounds[i].posted.request && mpi->rounds[i].received;
    }
    return allocated && mpi->sum && mpi->scratch && mpi->accumulated && mpi->length && mpi->at;
}

/* Where each rank's segments are among all: shards are cut between segments. */
static bool allocate_segments(descend_mpi *mpi)
{
    uint64_t segments = 0;
    for (int rank = 0; rank < mpi->ranks; rank++) {
        const struct places shard = descend_mpi_shard(mpi, rank);
        const uint64_t before = segments;
        struct run run;
        for (bool more = descend_mpi_run_first(mpi, &shard, &run); more;
             more = descend_mpi_run_next(mpi, &shard, &run)) {
            const uint64_t length = descend_segment_length(mpi->tensor[run.tensor].n);
            const uint64_t count = (run.end - run.begin + length - 1) / length;
            mpi->segments[run.tensor] += (size_t)count;
            segments += count;
        }
        if (segments > INT32_MAX / sizeof *mpi->segment)
            return false;
        mpi->segment_at[rank] = (int)(before * sizeof *mpi->segment);
        mpi->segment_bytes[rank] = (int)((segments - before) * sizeof *mpi->segment);
    }
    mpi->segment = room(segments, sizeof *mpi->segment);
    return mpi->segment != NULL;
}

static descend_array part_of(const descend_array *array, size_t first)
{
    size_t data, second;
    descend_array part = *array;
    descend_array_size(array->dtype, first, &data, &second);
    if (array->data)
        part.data = (char *)array->data + data;
    if (array->second)
        part.second = (char *)array->second + second;
    return part;
}

/* Adds this rank's pieces to its optimizer. */
static descend_status add_pieces(descend_mpi *mpi, const struct arguments *arguments)
{
    descend_status status = DESCEND_OK;
    for (size_t t = 0; t < mpi->tensors && status == DESCEND_OK; t++) {
        const struct places piece = descend_mpi_piece_of(mpi, t);
        const bool has_elements = piece.begin < piece.end;
        descend_tensor tensor = arguments->tensors[t];
        tensor.whole = tensor.n;
        tensor.n = descend_mpi_length(&piece);
        tensor.first = has_elements ? piece.begin - mpi->start[t] : 0;
        tensor.param = part_of(&tensor.param, (size_t)tensor.first);
        tensor.copy = part_of(&tensor.copy, (size_t)tensor.first);
        tensor.grad = (descend_array){.data = descend_mpi_sum_of(mpi, t)};
        status = descend_optimizer_add(mpi->optimizer, arguments->group ? arguments->group[t] : 0, &tensor, 1);
    }
    return status;
}

/* Whether the arrays of a tensor lie in the memory that is to be shared. */
static bool is_shared(const descend_mpi *mpi, const struct whole *tensor)
{
    const descend_mpi_memory *grads = mpi->options.shared_grads, *params = mpi->options.shared_params;
    size_t grad, out, second;
    descend_array_size(tensor->grad.dtype, tensor->n, &grad, &second);
    descend_array_size(tensor->out.dtype, tensor->n, &out, &second);
    return tensor->n == 0 || ((!grads || descend_mpi_memory_has(grads, mpi->rank, tensor->grad.data, grad)) &&
                              (!params || descend_mpi_memory_has(params, mpi->rank, tensor->out.data, out)));
}

static descend_status check_shared(const descend_mpi *mpi)
{
    const descend_mpi_memory *grads = mpi->options.shared_grads, *params = mpi->options.shared_params;
    bool shared = (!grads || (!grads->common && descend_mpi_memory_is_of(grads, mpi->comm))) &&
                  (!params || (params->common && descend_mpi_memory_is_of(params, mpi->comm)));
    for (size_t t = 0; t < mpi->tensors && shared; t++)
        shared = is_shared(mpi, &mpi->tensor[t]);
    return shared ? DESCEND_OK : DESCEND_MPI_NOT_SHARED;
}

/* All that can be refused on this rank. */
static descend_status prepare(descend_mpi *mpi, const struct arguments *arguments)
{
    descend_status status = check_arguments(arguments);
    if (status != DESCEND_OK)
        return status;
    mpi->tensors = arguments->count;
    if (!allocate_tables(mpi))
        return DESCEND_NO_MEMORY;
    uint64_t all = 0;
    for (size_t t = 0; t < mpi->tensors; t++) {
        const descend_tensor *tensor = &arguments->tensors[t];
        const descend_array *out = tensor->copy.data ? &tensor->copy : &tensor->param;
        mpi->tensor[t] = (struct whole){.grad = tensor->grad, .out = *out, .n = tensor->n};
        if (tensor->n > PTRDIFF_MAX / sizeof(float) - all)
            return DESCEND_BAD_N;
        all += tensor->n;
    }
    descend_mpi_plan(mpi, descend_optimizer_kind(arguments->groups) == DESCEND_LAMB);
    if (!allocate_buffers(mpi) || !allocate_segments(mpi))
        return DESCEND_NO_MEMORY;
    if ((status = check_shared(mpi)) == DESCEND_OK)
        status = copy_groups(arguments->groups, &mpi->optimizer);
    return status == DESCEND_OK ? add_pieces(mpi, arguments) : status;
}

static uint64_t offset_in(const descend_mpi_memory *memory, int rank, const void *data)
{
    return (uint64_t)((uintptr_t)data - (uintptr_t)descend_mpi_memory_block(memory, rank));
}

/* What has to be the same on all ranks. */
static uint64_t hash_arguments(const descend_mpi *mpi, const struct arguments *arguments)
{
    const descend_mpi_memory *grads = mpi->options.shared_grads, *params = mpi->options.shared_params;
    const uint64_t options[] = {DESCEND_NUMERICS_VERSION, mpi->options.bucket, mpi->options.micro_batches,
                                mpi->options.threads,     grads != NULL,       params != NULL};
    uint64_t hash = descend_mpi_hash(descend_mpi_hash_begin, options, sizeof options);
    hash = descend_mpi_hash(hash, &mpi->options.timeout, sizeof mpi->options.timeout);
    hash = descend_mpi_hash_groups(hash, arguments->groups);
    hash = descend_mpi_hash_tensors(hash, arguments->tensors, arguments->group, arguments->count);
    for (size_t t = 0; t < mpi->tensors; t++) {
        const uint64_t offsets[] = {grads ? offset_in(grads, mpi->rank, mpi->tensor[t].grad.data) : 0,
                                    params ? offset_in(params, mpi->rank, mpi->tensor[t].out.data) : 0};
        hash = descend_mpi_hash(hash, offsets, sizeof offsets);
    }
    return hash;
}

static void free_all(descend_mpi *mpi)
{
    void *const memory[] = {mpi->tensor,        mpi->start,      mpi->cut,    mpi->queue,   mpi->segments,
                            mpi->segment_bytes, mpi->segment_at, mpi->absent, mpi->sum,     mpi->scratch,
                            mpi->accumulated,   mpi->length,     mpi->at,     mpi->segment, mpi->absent_of_all};
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        free(memory[i]);
    for (size_t i = 0; i < ROUNDS; i++) {
        free(mpi->rounds[i].posted.request);
        free(mpi->rounds[i].received);
    }
    descend_optimizer_destroy(mpi->optimizer);
    free(mpi);
}

/* A communicator of our own, whose errors come back as results. */
static descend_status open_comm(descend_mpi *mpi, MPI_Comm from)
{
    (void)descend_mpi_enter(mpi);
    descend_status status = descend_mpi_finish(mpi, MPI_Comm_idup(from, &mpi->comm, &mpi->request));
    if (status == DESCEND_OK)
        status = descend_mpi_result(mpi, MPI_Comm_set_errhandler(mpi->comm, MPI_ERRORS_RETURN));
    if (status == DESCEND_OK)
        status = descend_mpi_result(mpi, MPI_Comm_rank(mpi->comm, &mpi->rank));
    return status == DESCEND_OK ? descend_mpi_result(mpi, MPI_Comm_size(mpi->comm, &mpi->ranks)) : status;
}

/* Without memory even for the object: tells the others. It waits for them without a limit, since MPI would go on
 * writing to an object that is on the stack. */
static descend_status refuse(MPI_Comm comm)
{
    descend_mpi mpi = {.options = {.timeout = 0}};
    descend_status status = open_comm(&mpi, comm);
    if (status != DESCEND_OK)
        return status;
    status = descend_mpi_agree(&mpi, DESCEND_NO_MEMORY, 0);
    (void)MPI_Comm_free(&mpi.comm);
    return status;
}

descend_status descend_mpi_create(descend_mpi **out, MPI_Comm comm, const descend_optimizer *groups,
                                  const descend_tensor *tensors, const unsigned *group, size_t count,
                                  const descend_mpi_options *options)
{
    static const descend_mpi_options defaults;
    const struct arguments arguments = {groups, tensors, group, count, options ? options : &defaults};
    descend_mpi *mpi = calloc(1, sizeof *mpi);
    if (mpi == NULL)
        return refuse(comm);
    mpi->options = *arguments.options;
    descend_status status = open_comm(mpi, comm);
    if (status == DESCEND_OK) {
        status = out ? prepare(mpi, &arguments) : DESCEND_NULL_OPTIMIZER;
        (void)descend_mpi_enter(mpi);
        status = descend_mpi_agree(mpi, status, status == DESCEND_OK ? hash_arguments(mpi, &arguments) : 0);
    }
    if (out != NULL && status == DESCEND_OK)
        *out = mpi;
    else
        descend_mpi_destroy(mpi);
    return status;
}

/* Whether MPI may still write to the memory. */
static bool is_in_use(const descend_mpi *mpi)
{
    bool in_use = mpi->broken != DESCEND_OK;
    for (size_t i = 0; i < ROUNDS; i++)
        in_use = in_use || mpi->rounds[i].active;
    return in_use;
}

void descend_mpi_destroy(descend_mpi *mpi)
{
    if (mpi == NULL || is_in_use(mpi))
        return;
    (void)MPI_Comm_free(&mpi->comm);
    free_all(mpi);
}
