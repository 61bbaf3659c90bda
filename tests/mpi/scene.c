/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include <string.h>

#include "data.h"
#include "world.h"

static const size_t sizes[SCENE_TENSORS] = {5, 40000, 0, 1, 4096, 12289, 70000, 3};

static size_t bytes_of(descend_dtype dtype, size_t n)
{
    size_t data, second;
    descend_array_size(dtype, n, &data, &second);
    return data;
}

static void *room(size_t size)
{
    void *memory = calloc(1, size + 64);
    EXPECT(memory != NULL, "no memory");
    return memory;
}

static size_t start_of(const struct scene *scene, size_t tensor)
{
    size_t start = 0;
    for (size_t t = 0; t < tensor; t++)
        start += (scene->sizes[t] + 15) / 16 * 16;
    return start;
}

static descend_tensor tensor_of(const struct scene *scene, size_t t, bool alone)
{
    static const char *const names[SCENE_TENSORS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    const struct manner *manner = &scene->manner;
    const size_t start = start_of(scene, t);
    descend_tensor tensor = {.name = names[t], .n = scene->sizes[t]};
    tensor.param.dtype = manner->param;
    tensor.param.data = (alone ? scene->alone_param : scene->param) + bytes_of(manner->param, start);
    if (manner->param == DESCEND_BF16_SPLIT)
        tensor.param.second = (alone ? scene->alone_low : scene->low) + start;
    tensor.grad.dtype = alone ? DESCEND_F32 : manner->grad;
    tensor.grad.data = alone ? (void *)(scene->sum + start) : scene->grad + bytes_of(manner->grad, start);
    if (manner->has_copies && t % 2) {
        tensor.copy.dtype = DESCEND_BF16;
        tensor.copy.data = (alone ? scene->alone_copy : scene->copy) + start;
    }
    return tensor;
}

static void make_arrays(struct scene *scene)
{
    const size_t all = start_of(scene, SCENE_TENSORS);
    scene->elements = all;
    scene->alone_param = room(all * sizeof(float));
    scene->leaf = room(all * sizeof(float));
    scene->sum = room(all * sizeof(float));
    scene->low = room(all * sizeof(uint16_t));
    scene->copy = room(all * sizeof(uint16_t));
    scene->alone_low = room(all * sizeof(uint16_t));
    scene->alone_copy = room(all * sizeof(uint16_t));
    if (scene->manner.share_params)
        EXPECT_OK(descend_mpi_alloc(&scene->param_memory, world_comm, all * sizeof(float), true));
    if (scene->manner.share_grads)
        EXPECT_OK(descend_mpi_alloc(&scene->grad_memory, world_comm, all * sizeof(float), false));
    scene->param =
        scene->param_memory ? descend_mpi_memory_block(scene->param_memory, world_rank) : room(all * sizeof(float));
    scene->grad =
        scene->grad_memory ? descend_mpi_memory_block(scene->grad_memory, world_rank) : room(all * sizeof(float));
    fill(scene->sum, all, ORDINARY, 1);
    const descend_array params = {scene->alone_param, scene->manner.param, scene->alone_low};
    EXPECT_OK(descend_array_store(&params, all, scene->sum));
    memcpy(scene->low, scene->alone_low, all * sizeof(uint16_t));
    if (world_rank == 0 || !scene->param_memory)
        memcpy(scene->param, scene->alone_param, bytes_of(scene->manner.param, all));
    MPI_Barrier(world_comm);
}

void scene_begin(struct scene *scene, const struct configuration *configuration, const struct manner *manner,
                 size_t scale)
{
    const descend_config other = descend_config_defaults(configuration->kind);
    descend_tensor tensors[SCENE_TENSORS];
    unsigned group[SCENE_TENSORS];
    *scene = (struct scene){.configuration = configuration, .manner = *manner};
    for (size_t t = 0; t < SCENE_TENSORS; t++)
        scene->sizes[t] = sizes[t] * scale;
    make_arrays(scene);
    EXPECT_OK(descend_optimizer_create(&scene->groups, &configuration->config));
    EXPECT_OK(descend_optimizer_create(&scene->alone, &configuration->config));
    EXPECT_OK(descend_optimizer_group(scene->groups, &other, NULL));
    EXPECT_OK(descend_optimizer_group(scene->alone, &other, NULL));
    EXPECT_OK(descend_optimizer_set_seed(scene->groups, 7));
    EXPECT_OK(descend_optimizer_set_seed(scene->alone, 7));
    for (size_t t = 0; t < SCENE_TENSORS; t++) {
        const descend_tensor alone = tensor_of(scene, t, true);
        tensors[t] = tensor_of(scene, t, false);
        group[t] = t % 3 == 2;
        EXPECT_OK(descend_optimizer_add(scene->alone, group[t], &alone, 1));
    }
    const descend_mpi_options options = {.timeout = manner->timeout > 0 ? manner->timeout : 100,
                                         .bucket = manner->bucket,
                                         .micro_batches = manner->micro_batches,
                                         .threads = 1,
                                         .shared_grads = scene->grad_memory,
                                         .shared_params = scene->param_memory};
    EXPECT_OK(descend_mpi_create(&scene->mpi, world_comm, scene->groups, tensors, group, SCENE_TENSORS, &options));
}

void scene_end(struct scene *scene)
{
    void *const memory[] = {scene->alone_param, scene->leaf,      scene->sum,       scene->low,
                            scene->copy,        scene->alone_low, scene->alone_copy};
    descend_mpi_destroy(scene->mpi);
    descend_optimizer_destroy(scene->groups);
    descend_optimizer_destroy(scene->alone);
    if (!scene->param_memory)
        free(scene->param);
    if (!scene->grad_memory)
        free(scene->grad);
    descend_mpi_free(scene->param_memory);
    descend_mpi_free(scene->grad_memory);
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        free(memory[i]);
}

/* Whether a rank has no gradient of a tensor in this step. Of eight tensors, on up to three ranks, there are all
 * combinations: the ranks without one are the bits of a number. */
static bool is_absent(const struct scene *scene, size_t tensor, int rank)
{
    const unsigned all = world_ranks < 3 ? (unsigned)world_ranks : 3;
    const unsigned combination = ((unsigned)tensor + (unsigned)scene->step) % (1U << all);
    return scene->manner.absents && (combination >> ((unsigned)rank % all) & 1);
}

static bool is_absent_on_all(const struct scene *scene, size_t tensor)
{
    int rank = 0;
    while (rank < world_ranks && is_absent(scene, tensor, rank))
        rank++;
    return rank == world_ranks;
}

/* Micro-batch number `leaf` of a step, in the gradients' type. */
static void make_leaf(const struct scene *scene, unsigned leaf, void *to)
{
    const descend_array array = {.data = to, .dtype = scene->manner.grad};
    float *values = scene->leaf;
    fill(values, scene->elements, ORDINARY, 1000 * scene->step + leaf);
    for (size_t i = 0; i < scene->elements; i++)
        values[i] *= 0.01f; /* in the range of float16 */
    EXPECT_OK(descend_array_store(&array, scene->elements, values));
}

static unsigned micro_batches_of(const struct scene *scene)
{
    return scene->manner.micro_batches ? scene->manner.micro_batches : 1;
}

/* The tree in plain loops: the first 2^k of the leaves, where 2^k is the largest power of two below their number, and
 * the others. */
static void add_leaves(const struct scene *scene, unsigned first, unsigned count, float *to)
{
    unsigned half = 1;
    if (count == 1) {
        void *stored = room(scene->elements * sizeof(float));
        const descend_array array = {.data = stored, .dtype = scene->manner.grad};
        make_leaf(scene, first, stored);
        EXPECT_OK(descend_array_load(&array, scene->elements, to));
        for (size_t t = 0; t < SCENE_TENSORS; t++)
            if (is_absent(scene, t, (int)(first / micro_batches_of(scene))))
                memset(to + start_of(scene, t), 0, scene->sizes[t] * sizeof *to);
        free(stored);
        return;
    }
    while (2 * half < count)
        half *= 2;
    float *right = room(scene->elements * sizeof *right);
    add_leaves(scene, first, half, to);
    add_leaves(scene, first + half, count - half, right);
    for (size_t i = 0; i < scene->elements; i++)
        to[i] += right[i];
    free(right);
}

/* Tells both optimizers which gradients are absent: alone, it is those that no rank has. */
static void set_absent(const struct scene *scene)
{
    for (size_t t = 0; t < SCENE_TENSORS; t++) {
        float *sum = is_absent_on_all(scene, t) ? NULL : scene->sum + start_of(scene, t);
        EXPECT_OK(descend_mpi_set_absent(scene->mpi, t, is_absent(scene, t, world_rank)));
        EXPECT_OK(descend_optimizer_set_grad(scene->alone, t, sum));
    }
}

/* Arrays whose gradients were absent are 0 after the reduction. */
static void expect_zeros(const struct scene *scene)
{
    for (size_t t = 0; t < SCENE_TENSORS; t++) {
        const descend_tensor tensor = tensor_of(scene, t, false);
        const unsigned char *bytes = tensor.grad.data;
        for (size_t i = 0; is_absent(scene, t, world_rank) && i < bytes_of(tensor.grad.dtype, tensor.n); i++)
            EXPECT(bytes[i] == 0, "%s: an absent gradient of tensor %zu", scene->configuration->label, t);
    }
}

void scene_compute(struct scene *scene)
{
    const unsigned micro_batches = scene->manner.micro_batches;
    scene->step++;
    add_leaves(scene, 0, micro_batches_of(scene) * (unsigned)world_ranks, scene->sum);
    set_absent(scene);
    for (unsigned i = 0; i < micro_batches; i++) {
        make_leaf(scene, (unsigned)world_rank * micro_batches + i, scene->grad);
        EXPECT_OK(descend_mpi_accumulate(scene->mpi));
    }
    if (micro_batches == 0)
        make_leaf(scene, (unsigned)world_rank, scene->grad);
}

void scene_reduce(const struct scene *scene)
{
    for (size_t t = SCENE_TENSORS; scene->manner.begins && t-- > 2;) {
        EXPECT_OK(descend_mpi_reduce_begin(scene->mpi, t, 1));
        EXPECT_OK(descend_mpi_poll(scene->mpi));
    }
    EXPECT_OK(descend_mpi_reduce(scene->mpi));
    expect_zeros(scene);
}

void scene_step(const struct scene *scene)
{
    const unsigned leaves = micro_batches_of(scene) * (unsigned)world_ranks;
    descend_measurement found, expected;
    EXPECT_OK(descend_optimizer_measure(scene->alone, NULL, &expected));
    EXPECT_OK(descend_mpi_measure(scene->mpi, NULL, &found));
    EXPECT(memcmp(&found.norm, &expected.norm, sizeof found.norm) == 0, "%s: the norm is %a, not %a",
           scene->configuration->label, found.norm, expected.norm);
    EXPECT(found.norm_inf == expected.norm_inf && found.finite, "%s", scene->configuration->label);
    const double scale = descend_clip_coefficient(1, found.norm / leaves) / leaves;
    const descend_pass pass = {
        .grad_scale = &scale, .zero_grad = scene->step % 2 == 0, .flush_subnormals = scene->step % 3 == 2};
    EXPECT_OK(descend_optimizer_step(scene->alone, &pass, NULL));
    EXPECT_OK(descend_mpi_step(scene->mpi, &pass, NULL));
    scene_compare(scene);
}

void scene_train(struct scene *scene, unsigned steps)
{
    for (unsigned i = 0; i < steps; i++) {
        scene_compute(scene);
        scene_reduce(scene);
        scene_step(scene);
    }
}

static void compare_bytes(const struct scene *scene, const char *what, size_t tensor, const void *a, const void *b,
                          size_t size)
{
    EXPECT(memcmp(a, b, size) == 0, "%s, step %d: %s of tensor %zu", scene->configuration->label, (int)scene->step,
           what, tensor);
}

/* The part of an array that belongs to this rank, which begins at element `first` of the whole. */
static void compare_piece(const struct scene *scene, const char *what, size_t tensor, const descend_array *piece,
                          const descend_array *whole, size_t first, size_t n)
{
    const size_t size = bytes_of(piece->dtype, 1);
    compare_bytes(scene, what, tensor, piece->data, (const char *)whole->data + first * size, n * size);
    if (piece->dtype == DESCEND_BF16_SPLIT)
        compare_bytes(scene, what, tensor, piece->second, (const uint16_t *)whole->second + first, n * 2);
}

static void compare_states(const struct scene *scene, size_t t)
{
    descend_tensor piece, whole;
    EXPECT_OK(descend_optimizer_tensor(descend_mpi_optimizer(scene->mpi), t, &piece, NULL));
    EXPECT_OK(descend_optimizer_tensor(scene->alone, t, &whole, NULL));
    EXPECT(piece.step == whole.step, "%s: step %d, not %d", scene->configuration->label, (int)piece.step,
           (int)whole.step);
    for (size_t i = 0; i < descend_kind_state_count(scene->configuration->kind); i++) {
        const bool scalar = descend_kind_state(scene->configuration->kind, i)->scalar;
        EXPECT(!piece.state[i].data == !whole.state[i].data, "%s: state %zu of tensor %zu", scene->configuration->label,
               i, t);
        if (piece.n > 0 && piece.state[i].data)
            compare_piece(scene, "a state", t, &piece.state[i], &whole.state[i], scalar ? 0 : (size_t)piece.first,
                          scalar ? 1 : piece.n);
    }
    if (piece.n > 0)
        compare_piece(scene, "param", t, &piece.param, &whole.param, (size_t)piece.first, piece.n);
}

void scene_compare(const struct scene *scene)
{
    for (size_t t = 0; t < SCENE_TENSORS; t++) {
        const descend_tensor mine = tensor_of(scene, t, false), alone = tensor_of(scene, t, true);
        compare_states(scene, t);
        if (mine.copy.data)
            compare_bytes(scene, "the copy", t, mine.copy.data, alone.copy.data, mine.n * sizeof(uint16_t));
        else
            compare_bytes(scene, "param", t, mine.param.data, alone.param.data, bytes_of(mine.param.dtype, mine.n));
    }
    if (scene->param_memory) /* the next step changes what others may still compare */
        MPI_Barrier(world_comm);
}
