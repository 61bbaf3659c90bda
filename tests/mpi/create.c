/* SPDX-License-Identifier: MIT */
/* One rank wants another optimizer than the others, or passes what is refused: no rank gets one, each learns why, and
 * nothing has changed. */
#include <math.h>
#include <string.h>

#include "world.h"

enum { TENSORS = 3, N = 5000, ELEMENTS = TENSORS * N };

/* What is passed to descend_mpi_create. */
struct wanted {
    descend_optimizer *groups;
    descend_tensor tensors[TENSORS];
    unsigned group[TENSORS];
    size_t count;
    descend_mpi_options options;
    bool without_tensors, without_groups, without_out;
};

static float params[ELEMENTS], grads[ELEMENTS];
static uint16_t copies[ELEMENTS];
static descend_mpi_memory *memory;

static descend_optimizer *new_groups(descend_kind kind, double lr, unsigned count)
{
    descend_optimizer *groups;
    descend_config config = descend_config_defaults(kind);
    EXPECT_OK(descend_config_set(&config, "lr", lr));
    EXPECT_OK(descend_optimizer_create(&groups, &config));
    for (unsigned i = 1; i < count; i++)
        EXPECT_OK(descend_optimizer_group(groups, &config, NULL));
    return groups;
}

static struct wanted usual(void)
{
    static const char *const names[TENSORS] = {"a", "b", "c"};
    struct wanted wanted = {.groups = new_groups(DESCEND_ADAM, 0.5, 2),
                            .group = {0, 1, 0},
                            .count = TENSORS,
                            .options = {.timeout = 100, .bucket = 5000, .threads = 1}};
    for (size_t t = 0; t < TENSORS; t++) {
        wanted.tensors[t].name = names[t];
        wanted.tensors[t].n = N;
        wanted.tensors[t].param.data = params + t * N;
        wanted.tensors[t].grad.data = grads + t * N;
    }
    return wanted;
}

static void use_groups(struct wanted *wanted, descend_kind kind, double lr, unsigned count)
{
    descend_optimizer_destroy(wanted->groups);
    wanted->groups = new_groups(kind, lr, count);
}

static descend_status create(const struct wanted *wanted, descend_mpi **mpi)
{
    return descend_mpi_create(
        wanted->without_out ? NULL : mpi, world_comm, wanted->without_groups ? NULL : wanted->groups,
        wanted->without_tensors ? NULL : wanted->tensors, wanted->group, wanted->count, &wanted->options);
}

/* All ranks can have an optimizer, and step. */
static void expect_good(void)
{
    descend_mpi *mpi;
    const struct wanted wanted = usual();
    EXPECT_OK(create(&wanted, &mpi));
    EXPECT_OK(descend_mpi_reduce(mpi));
    EXPECT_OK(descend_mpi_step(mpi, NULL, NULL));
    descend_mpi_destroy(mpi);
    descend_optimizer_destroy(wanted.groups);
}

static void set_arrays(void)
{
    for (size_t i = 0; i < ELEMENTS; i++) {
        params[i] = (float)i;
        grads[i] = (float)i + 0.5f;
        copies[i] = (uint16_t)i;
    }
}

static void expect_arrays(const char *what)
{
    for (size_t i = 0; i < ELEMENTS; i++)
        EXPECT(params[i] == (float)i && grads[i] == (float)i + 0.5f && copies[i] == (uint16_t)i, "%s: element %zu",
               what, i);
}

static void expect_refused(const struct wanted *wanted, const char *what, descend_status of_last)
{
    static const int nothing = 0;
    descend_mpi *const before = (void *)(uintptr_t)&nothing, *mpi = before;
    const bool of_all = world_rank == world_ranks - 1 || of_last == DESCEND_MPI_MISMATCH;
    const descend_status expected = of_all ? of_last : DESCEND_MPI_PEER;
    const descend_status status = create(wanted, &mpi);
    EXPECT(status == expected, "%s: \"%s\", not \"%s\"", what, descend_status_string(status),
           descend_status_string(expected));
    EXPECT(mpi == before, "%s: there is an optimizer", what);
    expect_arrays(what);
    descend_optimizer_destroy(wanted->groups);
}

/* The last rank changes what it wants, and is to return this status. */
#define EXPECT_REFUSED(change, of_last)            \
    do {                                           \
        struct wanted wanted = usual();            \
        set_arrays();                              \
        if (world_rank == world_ranks - 1) {       \
            change;                                \
        }                                          \
        expect_refused(&wanted, #change, of_last); \
    } while (0)
#define EXPECT_MISMATCH(change) EXPECT_REFUSED(change, DESCEND_MPI_MISMATCH)

static void swap_tensors(struct wanted *wanted)
{
    const descend_tensor first = wanted->tensors[0];
    wanted->tensors[0] = wanted->tensors[2];
    wanted->tensors[2] = first;
}

static void use_bf16_grads(struct wanted *wanted)
{
    for (size_t t = 0; t < TENSORS; t++)
        wanted->tensors[t].grad.dtype = DESCEND_BF16;
}

static void add_tensor(const struct wanted *wanted)
{
    const descend_tensor tensor = {.name = "x"};
    EXPECT_OK(descend_optimizer_add(wanted->groups, 0, &tensor, 1));
}

static const descend_array copy = {.data = copies, .dtype = DESCEND_BF16};

static void expect_mismatches(void)
{
    EXPECT_MISMATCH(wanted.tensors[1].n--);
    EXPECT_MISMATCH(wanted.tensors[2].name = "d");
    EXPECT_MISMATCH(wanted.count--);
    EXPECT_MISMATCH(swap_tensors(&wanted));
    EXPECT_MISMATCH(wanted.group[2] = 1);
    EXPECT_MISMATCH(use_groups(&wanted, DESCEND_ADAMW, 0.5, 2));
    EXPECT_MISMATCH(use_groups(&wanted, DESCEND_LAMB, 0.5, 2));
    EXPECT_MISMATCH(use_groups(&wanted, DESCEND_ADAM, 0.25, 2));
    EXPECT_MISMATCH(use_groups(&wanted, DESCEND_ADAM, 0.5, 3));
    EXPECT_MISMATCH(EXPECT_OK(descend_optimizer_set_seed(wanted.groups, 1)));
    EXPECT_MISMATCH(wanted.tensors[0].step = 3);
    EXPECT_MISMATCH(wanted.tensors[0].param.dtype = DESCEND_BF16);
    EXPECT_MISMATCH(use_bf16_grads(&wanted));
    EXPECT_MISMATCH(wanted.tensors[0].state[0].dtype = DESCEND_BF16);
    EXPECT_MISMATCH(wanted.tensors[1].copy = copy);
    EXPECT_MISMATCH(wanted.tensors[1].rows = 5; wanted.tensors[1].columns = N / 5);
    EXPECT_MISMATCH(wanted.options.bucket = 100);
    EXPECT_MISMATCH(wanted.options.micro_batches = 2);
    EXPECT_MISMATCH(wanted.options.timeout = 99);
    EXPECT_MISMATCH(wanted.options.threads = 2);
}

static void expect_refusals(void)
{
    EXPECT_REFUSED(wanted.without_out = true, DESCEND_NULL_OPTIMIZER);
    EXPECT_REFUSED(wanted.without_groups = true, DESCEND_NULL_OPTIMIZER);
    EXPECT_REFUSED(wanted.without_tensors = true, DESCEND_BAD_TENSOR);
    EXPECT_REFUSED(add_tensor(&wanted), DESCEND_IN_USE);
    EXPECT_REFUSED(wanted.tensors[1].first = 1, DESCEND_BAD_FIRST);
    EXPECT_REFUSED(wanted.tensors[1].whole = N + 1, DESCEND_BAD_FIRST);
    EXPECT_REFUSED(wanted.tensors[1].param.data = NULL, DESCEND_NULL_ARRAY);
    EXPECT_REFUSED(wanted.tensors[1].grad.data = NULL, DESCEND_NULL_ARRAY);
    EXPECT_REFUSED(wanted.tensors[1].state[0].data = copies, DESCEND_NULL_ARRAY);
    EXPECT_REFUSED(wanted.tensors[1].grad.dtype = DESCEND_BF16, DESCEND_BAD_DTYPE);
    EXPECT_REFUSED(wanted.tensors[1].state[0].dtype = DESCEND_F16, DESCEND_BAD_DTYPE);
    EXPECT_REFUSED(wanted.options.micro_batches = 2; use_bf16_grads(&wanted), DESCEND_BAD_DTYPE);
    EXPECT_REFUSED(wanted.group[1] = 2, DESCEND_BAD_GROUP);
    EXPECT_REFUSED(wanted.options.timeout = -1, DESCEND_MPI_BAD_OPTIONS);
    EXPECT_REFUSED(wanted.options.timeout = NAN, DESCEND_MPI_BAD_OPTIONS);
    EXPECT_REFUSED(wanted.options.reserved[7] = 1, DESCEND_BAD_RESERVED);
    EXPECT_REFUSED(wanted.tensors[2].reserved[0] = 1, DESCEND_BAD_RESERVED);
    EXPECT_REFUSED(wanted.tensors[1].name = NULL, DESCEND_BAD_NAME);
    EXPECT_REFUSED(wanted.tensors[1].name = "\xff", DESCEND_BAD_NAME);
    EXPECT_REFUSED(wanted.tensors[1].name = "a", DESCEND_DUPLICATE_NAME);
    EXPECT_REFUSED(wanted.tensors[1].rows = 1, DESCEND_BAD_SHAPE);
    EXPECT_REFUSED(wanted.tensors[1].step = (UINT64_C(1) << 53) + 1, DESCEND_BAD_STEP);
    EXPECT_REFUSED(wanted.tensors[2].n = SIZE_MAX / 2, DESCEND_BAD_N);
    EXPECT_REFUSED(wanted.tensors[2].grad.data = params + 1, DESCEND_OVERLAP);
    EXPECT_REFUSED(wanted.tensors[2].grad.data = (char *)grads + 2 * N * 4 + 1, DESCEND_MISALIGNED);
    EXPECT_REFUSED(wanted.options.shared_params = memory, DESCEND_MPI_NOT_SHARED);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    EXPECT_OK(descend_mpi_alloc(&memory, world_comm, sizeof params, true));
    expect_mismatches();
    expect_refusals();
    descend_mpi_free(memory);
    expect_good();
    return world_end();
}
