/* SPDX-License-Identifier: MIT */
/* All ranks save the file that one process would, byte for byte; any number of ranks loads it and goes on with the same
 * bits, and so does one process. The argument is a directory. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "scene.h"
#include "world.h"

static char together[4096], alone[4096];

/* The bytes of a file, and how many there are. */
static unsigned char *bytes_of(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    EXPECT(file != NULL, "%s: %s", path, strerror(errno));
    EXPECT(fseek(file, 0, SEEK_END) == 0, "%s", path);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size + 1);
    EXPECT(bytes && fread(bytes, 1, *size, file) == *size, "%s", path);
    fclose(file);
    return bytes;
}

static void expect_same_files(const char *what)
{
    size_t sizes[2];
    unsigned char *files[] = {bytes_of(together, &sizes[0]), bytes_of(alone, &sizes[1])};
    EXPECT(sizes[0] == sizes[1] && memcmp(files[0], files[1], sizes[0]) == 0, "%s: the files differ", what);
    free(files[0]);
    free(files[1]);
}

static descend_checkpoint checkpoint_of(bool params, descend_scaler *scaler)
{
    static const descend_note note = {"batch", "8"};
    return (descend_checkpoint){.params = params, .scaler = scaler, .notes = &note, .note_count = 1};
}

/* Saves after some steps by `ranks` ranks. The micro-batches are always 8, so that all numbers of ranks train alike. */
static void save(const struct configuration *configuration, struct manner manner, int ranks)
{
    struct scene scene;
    descend_scaler scaler = descend_scaler_defaults();
    const descend_checkpoint checkpoint = checkpoint_of(true, &scaler);
    if (!world_use(ranks))
        return;
    manner.micro_batches = 8 / (unsigned)ranks;
    scene_begin(&scene, configuration, &manner, 1);
    scene_train(&scene, 2);
    EXPECT_OK(descend_mpi_save(scene.mpi, together, &checkpoint));
    scene_train(&scene, 1);
    EXPECT_OK(descend_mpi_save(scene.mpi, together, &checkpoint)); /* over the other */
    if (world_rank == 0) {
        EXPECT_OK(descend_optimizer_save(scene.alone, alone, &checkpoint));
        expect_same_files(configuration->label);
    }
    scene_end(&scene);
}

/* Loads the file that all have saved, on other ranks; alone it is loaded by one process. */
static void go_on(const struct configuration *configuration, struct manner manner, int ranks)
{
    struct scene scene;
    descend_scaler scaler = {.scale = 1};
    const descend_checkpoint checkpoint = checkpoint_of(true, &scaler);
    if (!world_use(ranks))
        return;
    manner.micro_batches =
        8 % ranks == 0 ? 8 / (unsigned)ranks : 0; /* else it is another training, with the same bits */
    scene_begin(&scene, configuration, &manner, 1);
    scene_train(&scene, 1);
    EXPECT_OK(descend_mpi_load(scene.mpi, together, &checkpoint));
    EXPECT(scaler.scale == descend_scaler_defaults().scale, "the scaler");
    EXPECT_OK(descend_optimizer_load(scene.alone, together, &checkpoint));
    scene.step = 3;
    if (!manner.has_copies) /* those are written by the next step */
        scene_compare(&scene);
    scene_train(&scene, 2);
    EXPECT_OK(descend_mpi_save(scene.mpi, alone, &checkpoint));
    scene_end(&scene);
}

static void check(const char *label, struct manner manner)
{
    static const int others[] = {1, 2, 3, 4, 8};
    const struct configuration *configuration = configuration_of(label);
    int all;
    MPI_Comm_size(MPI_COMM_WORLD, &all);
    for (int ranks = 1; ranks <= all && ranks <= 8; ranks *= 2) {
        save(configuration, manner, ranks);
        MPI_Barrier(MPI_COMM_WORLD);
        for (size_t i = 0; i < sizeof others / sizeof *others && others[i] <= all; i++) {
            go_on(configuration, manner, others[i]);
            MPI_Barrier(MPI_COMM_WORLD);
        }
    }
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    EXPECT(argc == 2, "usage: files DIRECTORY");
    snprintf(together, sizeof together, "%s/together.%d.safetensors", argv[1], world_ranks);
    snprintf(alone, sizeof alone, "%s/alone.%d.safetensors", argv[1], world_ranks);
    check("adamw amsgrad", (struct manner){.grad = DESCEND_F32});
    check("nadam", (struct manner){.has_copies = true});
    check("lamb", (struct manner){.share_params = true});
    check("adam", (struct manner){.param = DESCEND_BF16_SPLIT, .bucket = 20000});
    MPI_Barrier(MPI_COMM_WORLD);
    if (world_use(1)) {
        unlink(together);
        unlink(alone);
    }
    return world_end();
}
