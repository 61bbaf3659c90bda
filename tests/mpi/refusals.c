/* SPDX-License-Identifier: MIT */
/* One rank passes what is refused, or something else than the others, to a call that reduces, measures or steps: all
 * learn of it, nothing has changed on any rank, and the training goes on with the right bits. */
#include <math.h>
#include <string.h>

#include "scene.h"
#include "world.h"

static unsigned char *kept; /* the gradients before a call */

static size_t grad_size(const struct scene *scene)
{
    return scene->elements * sizeof(float);
}

static bool is_last(void)
{
    return world_rank == world_ranks - 1;
}

static void keep(const struct scene *scene)
{
    memcpy(kept, scene->grad, grad_size(scene));
}

static void expect_peer(const struct scene *scene, const char *what, int expected_rank, descend_status expected)
{
    int rank = -2;
    descend_status status = DESCEND_NO_MEMORY;
    EXPECT_OK(descend_mpi_peer(scene->mpi, &rank, &status));
    EXPECT(rank == expected_rank && status == expected, "%s: rank %d, \"%s\"", what, rank,
           descend_status_string(status));
    EXPECT_OK(descend_mpi_peer(scene->mpi, NULL, NULL));
}

/* After a call which returned this on the rank, and that the last rank was to be refused. */
static void expect_refused(const struct scene *scene, const char *what, descend_status status, descend_status of_last)
{
    const bool of_all = is_last() || of_last == DESCEND_MPI_MISMATCH;
    const descend_status expected = of_all ? of_last : DESCEND_MPI_PEER;
    EXPECT(status == expected, "%s: \"%s\", not \"%s\"", what, descend_status_string(status),
           descend_status_string(expected));
    if (of_last == DESCEND_MPI_MISMATCH)
        expect_peer(scene, what, -1, DESCEND_OK);
    else
        expect_peer(scene, what, world_ranks - 1, of_last);
    EXPECT(memcmp(scene->grad, kept, grad_size(scene)) == 0, "%s: a gradient has changed", what);
    scene_compare(scene);
}

/* Measures on all ranks; the last one in its own way. */
#define EXPECT_NOT_MEASURED(exec_of_last, has_measurement, of_last)                                                 \
    do {                                                                                                            \
        const descend_measurement before = {.norm = 7, .norm_inf = 8};                                              \
        const descend_exec other = exec_of_last;                                                                    \
        descend_measurement found = before;                                                                         \
        keep(scene);                                                                                                \
        const descend_status status_of_call = descend_mpi_measure(scene->mpi, is_last() ? &other : NULL,            \
                                                                  is_last() && !(has_measurement) ? NULL : &found); \
        expect_refused(scene, #exec_of_last, status_of_call, of_last);                                              \
        EXPECT(found.norm == 7 && found.norm_inf == 8 && !found.finite, "it has been written");                     \
    } while (0)

static void leave_tasks_out(void *pool, descend_task *task, void *work, unsigned tasks)
{
    (void)pool, (void)task, (void)work, (void)tasks;
}

static void refuse_measure(const struct scene *scene)
{
    EXPECT_NOT_MEASURED({0}, false, DESCEND_NULL_MEASUREMENT);
    EXPECT_NOT_MEASURED({.slices = 2}, true, DESCEND_NO_SLICES);
    EXPECT_NOT_MEASURED({.reserved = {1}}, true, DESCEND_BAD_RESERVED);
    EXPECT_NOT_MEASURED({.run = leave_tasks_out}, true, DESCEND_BAD_THREADS);
}

/* Steps on all ranks; the last one with another pass, or on another exec. */
static void expect_not_stepped(const struct scene *scene, const char *what, const descend_pass *pass,
                               const descend_exec *exec, descend_status of_last)
{
    keep(scene);
    const descend_status status = descend_mpi_step(scene->mpi, is_last() ? pass : NULL, is_last() ? exec : NULL);
    expect_refused(scene, what, status, of_last);
}

#define EXPECT_BAD_PASS(of_last, ...)                                          \
    do {                                                                       \
        const descend_pass pass_of_last = {__VA_ARGS__};                       \
        expect_not_stepped(scene, #__VA_ARGS__, &pass_of_last, NULL, of_last); \
    } while (0)
#define EXPECT_BAD_EXEC(of_last, ...)                                          \
    do {                                                                       \
        const descend_exec exec_of_last = {__VA_ARGS__};                       \
        expect_not_stepped(scene, #__VA_ARGS__, NULL, &exec_of_last, of_last); \
    } while (0)

static void refuse_step(const struct scene *scene)
{
    const double not_a_number = NAN, negative = -1, too_large = 1e39, half = 0.5;
    EXPECT_BAD_PASS(DESCEND_BAD_GRAD_SCALE, .grad_scale = &not_a_number);
    EXPECT_BAD_PASS(DESCEND_BAD_GRAD_SCALE, .grad_scale = &negative);
    EXPECT_BAD_PASS(DESCEND_BAD_GRAD_SCALE, .grad_scale = &too_large);
    EXPECT_BAD_PASS(DESCEND_BAD_RESERVED, .reserved = {[7] = 1});
    EXPECT_BAD_PASS(DESCEND_MPI_MISMATCH, .grad_scale = &half);
    EXPECT_BAD_PASS(DESCEND_MPI_MISMATCH, .zero_grad = true);
    EXPECT_BAD_PASS(DESCEND_MPI_MISMATCH, .flush_subnormals = true);
    EXPECT_BAD_PASS(DESCEND_MPI_MISMATCH, .grad_scale = &half, .zero_grad = true);
    EXPECT_BAD_EXEC(DESCEND_NO_SLICES, .slices = 2);
    EXPECT_BAD_EXEC(DESCEND_BAD_RESERVED, .reserved = {[6] = 1});
    EXPECT_BAD_EXEC(DESCEND_BAD_THREADS, .run = leave_tasks_out);
}

static void set_lr(const struct scene *scene, double lr)
{
    EXPECT_OK(descend_optimizer_set_lr(descend_mpi_optimizer(scene->mpi), 1, lr));
}

static void refuse_configs(const struct scene *scene)
{
    descend_optimizer *optimizer = descend_mpi_optimizer(scene->mpi);
    descend_config config, other;
    EXPECT_OK(descend_optimizer_config(optimizer, 1, &config));
    other = config;
    other.adamw.eps *= 2;
    if (is_last())
        set_lr(scene, config.adamw.lr / 2);
    expect_not_stepped(scene, "another learning rate", NULL, NULL, DESCEND_MPI_MISMATCH);
    if (is_last())
        EXPECT_OK(descend_optimizer_configure(optimizer, 1, &other));
    expect_not_stepped(scene, "another config", NULL, NULL, DESCEND_MPI_MISMATCH);
    EXPECT_OK(descend_optimizer_configure(optimizer, 1, &config));
    if (is_last())
        EXPECT_OK(descend_optimizer_set_seed(optimizer, 99));
    expect_not_stepped(scene, "another seed", NULL, NULL, DESCEND_MPI_MISMATCH);
    EXPECT_OK(descend_optimizer_set_seed(optimizer, 7));
}

/* All ranks forget to reduce. */
static void refuse_too_early(const struct scene *scene)
{
    descend_measurement found;
    keep(scene);
    EXPECT_STATUS(descend_mpi_measure(scene->mpi, NULL, &found), DESCEND_UNFINISHED);
    EXPECT_STATUS(descend_mpi_step(scene->mpi, NULL, NULL), DESCEND_UNFINISHED);
    EXPECT(memcmp(scene->grad, kept, grad_size(scene)) == 0, "a gradient has changed");
    scene_compare(scene);
}

static void check_steps(struct manner manner)
{
    struct scene scene;
    scene_begin(&scene, configuration_of("adamw amsgrad"), &manner, 1);
    kept = malloc(grad_size(&scene));
    EXPECT(kept != NULL, "no memory");
    scene_train(&scene, 1);
    refuse_too_early(&scene);
    scene_compute(&scene);
    refuse_too_early(&scene);
    scene_reduce(&scene);
    refuse_measure(&scene);
    refuse_step(&scene);
    refuse_configs(&scene);
    scene_step(&scene);
    refuse_too_early(&scene);
    scene_train(&scene, 1);
    free(kept);
    scene_end(&scene);
}

static void check_nulls(void)
{
    descend_measurement found;
    EXPECT_STATUS(descend_mpi_reduce(NULL), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_reduce_begin(NULL, 0, 0), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_poll(NULL), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_accumulate(NULL), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_set_absent(NULL, 0, true), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_measure(NULL, NULL, &found), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_step(NULL, NULL, NULL), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_zero_grad(NULL), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_save(NULL, "x", NULL), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_load(NULL, "x", NULL), DESCEND_NULL_OPTIMIZER);
    EXPECT_STATUS(descend_mpi_peer(NULL, NULL, NULL), DESCEND_NULL_OPTIMIZER);
    EXPECT(descend_mpi_optimizer(NULL) == NULL && descend_mpi_pieces(NULL, NULL, 0) == 0, "NULL");
    EXPECT(descend_mpi_memory_block(NULL, 0) == NULL, "NULL");
    descend_mpi_destroy(NULL);
    descend_mpi_free(NULL);
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    check_nulls();
    check_steps((struct manner){.grad = DESCEND_F32});
    check_steps((struct manner){.share_grads = true, .share_params = true});
    check_steps((struct manner){.micro_batches = 2, .has_copies = true});
    return world_end();
}
