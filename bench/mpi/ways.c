/* SPDX-License-Identifier: MIT */
#include "ways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 64 };

enum { ALLREDUCE, REDUCE_SCATTER, OURS, SHARED_GRADS, SHARED_BOTH, BF16_COPY };

const char *const way_names[WAYS] = {
    [ALLREDUCE] = "Allreduce, full step",
    [REDUCE_SCATTER] = "Reduce_scatter, step of the shard, Allgatherv",
    [OURS] = "descend::mpi",
    [SHARED_GRADS] = "descend::mpi, shared gradients",
    [SHARED_BOTH] = "descend::mpi, shared gradients and parameters",
    [BF16_COPY] = "descend::mpi, bfloat16 copy gathered",
};

static const descend_exec one_thread = {.threads = 1};

void way_give_up(const char *what, const char *why)
{
    fprintf(stderr, "descend-bench-mpi: %s: %s\n", what, why);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    abort();
}

void way_expect(descend_status status, const char *call)
{
    if (status != DESCEND_OK)
        way_give_up(call, descend_status_string(status));
}

/* All 0, and every page has been written to. */
static void *array_new(size_t n, size_t size)
{
    const size_t bytes = (n * size / LINE + 1) * LINE;
    void *array = aligned_alloc(LINE, bytes);
    if (array == NULL)
        way_give_up("arrays", "out of memory");
    return memset(array, 0, bytes);
}

static float *shared_new(descend_mpi_memory **memory, const struct team *team, bool common)
{
    const size_t bytes = team->n * sizeof(float);
    way_expect(descend_mpi_alloc(memory, MPI_COMM_WORLD, bytes, common), "descend_mpi_alloc");
    return memset(descend_mpi_memory_block(*memory, team->rank), 0, bytes);
}

static void step_allreduce(struct way *way)
{
    MPI_Allreduce(way->grad, way->sum, (int)way->team.n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    way_expect(descend_optimizer_step(way->single, NULL, &one_thread), "descend_optimizer_step");
}

static void step_reduce_scatter(struct way *way)
{
    MPI_Reduce_scatter(way->grad, way->sum, way->length, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
    way_expect(descend_optimizer_step(way->single, NULL, &one_thread), "descend_optimizer_step");
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, way->param, way->length, way->start, MPI_FLOAT, MPI_COMM_WORLD);
}

static void step_ours(struct way *way)
{
    way_expect(descend_mpi_reduce(way->mpi), "descend_mpi_reduce");
    way_expect(descend_mpi_step(way->mpi, NULL, &one_thread), "descend_mpi_step");
}

static descend_optimizer *optimizer_new(void)
{
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    descend_optimizer *optimizer;
    way_expect(descend_optimizer_create(&optimizer, &config), "descend_optimizer_create");
    return optimizer;
}

/* The optimizer of one process for the elements [begin, end), stepped with their sums. */
static void begin_single(struct way *way, size_t begin, size_t end)
{
    descend_tensor tensor = {.name = "w", .n = end - begin, .first = begin, .whole = way->team.n};
    way->sum = array_new(end - begin, sizeof *way->sum);
    tensor.param.data = way->param + begin;
    tensor.grad.data = way->sum;
    way->single = optimizer_new();
    way_expect(descend_optimizer_add(way->single, 0, &tensor, 1), "descend_optimizer_add");
}

static void begin_reduce_scatter(struct way *way)
{
    const size_t n = way->team.n, ranks = (size_t)way->team.ranks, rank = (size_t)way->team.rank;
    way->length = array_new(ranks, sizeof *way->length);
    way->start = array_new(ranks, sizeof *way->start);
    for (size_t i = 0; i < ranks; i++) {
        way->start[i] = (int)(n * i / ranks);
        way->length[i] = (int)(n * (i + 1) / ranks) - way->start[i];
    }
    begin_single(way, n * rank / ranks, n * (rank + 1) / ranks);
}

static void begin_mpi(struct way *way, size_t tensors)
{
    const descend_mpi_options options = {
        .threads = 1, .shared_grads = way->shared_grads, .shared_params = way->shared_params};
    descend_tensor tensor = {.name = "w", .n = way->team.n};
    descend_optimizer *groups = optimizer_new();
    tensor.param.data = way->param;
    tensor.grad.data = way->grad;
    tensor.copy = (descend_array){.data = way->copy, .dtype = way->copy ? DESCEND_BF16 : DESCEND_F32};
    way_expect(descend_mpi_create(&way->mpi, MPI_COMM_WORLD, groups, &tensor, NULL, tensors, &options),
               "descend_mpi_create");
    descend_optimizer_destroy(groups);
}

/* Multiples of 2^-10, so small ones that their sums are exact. */
static void fill_grad(const struct way *way)
{
    for (size_t i = 0; i < way->team.n; i++)
        way->grad[i] = 0x1p-10f * (float)(1 + (7 * i + (size_t)way->team.rank) % 1021);
}

void way_begin(struct way *way, unsigned number, const struct team *team)
{
    *way = (struct way){.team = *team};
    const bool shares_grads = number == SHARED_GRADS || number == SHARED_BOTH;
    way->grad = shares_grads ? shared_new(&way->shared_grads, team, false) : array_new(team->n, sizeof *way->grad);
    way->param =
        number == SHARED_BOTH ? shared_new(&way->shared_params, team, true) : array_new(team->n, sizeof *way->param);
    if (number == BF16_COPY)
        way->copy = array_new(team->n, sizeof *way->copy);
    fill_grad(way);
    if (number == ALLREDUCE) {
        way->step = step_allreduce;
        begin_single(way, 0, team->n);
    } else if (number == REDUCE_SCATTER) {
        way->step = step_reduce_scatter;
        begin_reduce_scatter(way);
    } else {
        way->step = step_ours;
        begin_mpi(way, 1);
    }
}

void way_begin_empty(struct way *way, const struct team *team)
{
    *way = (struct way){.team = *team, .step = step_ours};
    begin_mpi(way, 0);
}

void way_end(struct way *way)
{
    descend_mpi_destroy(way->mpi);
    descend_optimizer_destroy(way->single);
    if (way->shared_grads == NULL)
        free(way->grad);
    if (way->shared_params == NULL)
        free(way->param);
    descend_mpi_free(way->shared_grads);
    descend_mpi_free(way->shared_params);
    free(way->copy);
    free(way->sum);
    free(way->length);
    free(way->start);
}

bool way_agrees(const struct way *way, const struct way *other)
{
    const size_t n = way->team.n;
    if (way->copy == NULL)
        return memcmp(way->param, other->param, n * sizeof *way->param) == 0;
    uint16_t *expected = array_new(n, sizeof *expected);
    const descend_array array = {.data = expected, .dtype = DESCEND_BF16};
    way_expect(descend_array_store(&array, n, other->param), "descend_array_store");
    const bool agrees = memcmp(way->copy, expected, n * sizeof *expected) == 0;
    free(expected);
    return agrees;
}
