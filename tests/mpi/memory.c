/* SPDX-License-Identifier: MIT */
/* Memory: none on one rank, at each of its allocations, and all ranks learn of it; and how much a rank takes, which is
 * its share. The argument is a directory. */
#include <string.h>
#include <unistd.h>

#include "heap.h"
#include "world.h"

enum { TENSORS = 3, N = 1 << 21 };

static char path[4096];
static float *params;
static descend_mpi_memory *memory;

typedef descend_status collective_call(descend_mpi **mpi);

void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **to, size_t alignment, size_t size);

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    void *aligned;
    return __wrap_posix_memalign(&aligned, alignment, size) == 0 ? aligned : NULL;
}

static bool is_last(void)
{
    return world_rank == world_ranks - 1;
}

static descend_status create(descend_mpi **mpi)
{
    static const char *const names[TENSORS] = {"a", "b", "c"};
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    const descend_mpi_options options = {.threads = 1, .shared_grads = memory};
    descend_tensor tensors[TENSORS];
    descend_optimizer *groups;
    float *grads = descend_mpi_memory_block(memory, world_rank);
    memset(tensors, 0, sizeof tensors);
    for (size_t t = 0; t < TENSORS; t++) {
        tensors[t].name = names[t];
        tensors[t].n = N;
        tensors[t].param.data = params + t * N;
        tensors[t].grad.data = grads + t * N;
    }
    const bool on = heap.on;
    heap.on = false;
    EXPECT_OK(descend_optimizer_create(&groups, &config));
    heap.on = on;
    const descend_status status = descend_mpi_create(mpi, world_comm, groups, tensors, NULL, TENSORS, &options);
    heap.on = false;
    descend_optimizer_destroy(groups);
    heap.on = on;
    return status;
}

static descend_status save(descend_mpi **mpi)
{
    return descend_mpi_save(*mpi, path, NULL);
}

static descend_status load(descend_mpi **mpi)
{
    return descend_mpi_load(*mpi, path, NULL);
}

/* Each allocation of the last rank fails once. Returns how many there are. */
static long fail_each(collective_call *call, descend_mpi **mpi)
{
    for (long fail_at = 1;; fail_at++) {
        const long live = heap.live;
        heap_watch(is_last() ? fail_at : 0);
        const descend_status status = call(mpi);
        heap.on = false;
        if (status == DESCEND_OK)
            return fail_at - 1;
        EXPECT(status == (is_last() ? DESCEND_NO_MEMORY : DESCEND_MPI_PEER), "allocation %ld: %s", fail_at,
               descend_status_string(status));
        EXPECT(heap.live == live, "allocation %ld: %ld blocks are left", fail_at, heap.live - live);
    }
}

static void check_failures(void)
{
    const long live = heap.live;
    descend_mpi *mpi;
    EXPECT(fail_each(create, &mpi) > 20, "too few allocations");
    EXPECT_OK(descend_mpi_reduce(mpi));
    EXPECT_OK(descend_mpi_step(mpi, NULL, NULL));
    EXPECT(fail_each(save, &mpi) > 3, "too few allocations");
    EXPECT(fail_each(load, &mpi) > 1, "too few allocations");
    EXPECT_OK(descend_mpi_reduce(mpi));
    EXPECT_OK(descend_mpi_step(mpi, NULL, NULL));
    descend_mpi_destroy(mpi);
    EXPECT(heap.live == live, "%ld blocks are left", heap.live - live);
}

/* Sum, and Adam's two states: 12 bytes for each element of the share. A step allocates nothing. */
static void check_share(void)
{
    descend_mpi *mpi;
    heap_watch(0);
    EXPECT_OK(create(&mpi));
    const double share = 12.0 * TENSORS * N / world_ranks;
    EXPECT((double)heap.bytes >= share * 0.99, "only %zu bytes: this does not count them", heap.bytes);
    EXPECT((double)heap.bytes <= share * 1.02, "%zu bytes are %g of the share", heap.bytes, (double)heap.bytes / share);
    const long calls = heap.calls;
    EXPECT_OK(descend_mpi_reduce(mpi));
    EXPECT_OK(descend_mpi_step(mpi, NULL, NULL));
    EXPECT(heap.calls == calls, "a step allocates");
    heap.on = false;
    descend_mpi_destroy(mpi);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    EXPECT(argc == 2, "usage: memory DIRECTORY");
    snprintf(path, sizeof path, "%s/memory.%d.safetensors", argv[1], world_ranks);
    params = calloc(TENSORS * N, sizeof *params);
    EXPECT(params != NULL, "no memory");
    EXPECT_OK(descend_mpi_alloc(&memory, world_comm, TENSORS * N * sizeof *params, false));
    check_share();
    check_failures();
    descend_mpi_free(memory);
    free(params);
    if (world_rank == 0)
        (void)unlink(path);
    return world_end();
}
