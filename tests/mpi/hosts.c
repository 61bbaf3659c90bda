/* SPDX-License-Identifier: MIT */
/* Ranks on two hosts, which hosts.sh makes: the bits of one process, no more bytes between them than what a rank lacks,
 * and a checkpoint in a directory that only the first host's ranks see. The argument is that directory. */
#include <string.h>
#include <unistd.h>

#include "scene.h"
#include "world.h"

enum { N = 4 << 20, STEPS = 4 };

static int ranks_here;

/* Bytes that this host has sent over its interfaces other than the loopback. */
static double bytes_sent(void)
{
    char line[512], name[64];
    double sent = 0;
    FILE *file = fopen("/proc/self/net/dev", "r");
    EXPECT(file != NULL, "no /proc/self/net/dev");
    while (fgets(line, sizeof line, file)) {
        unsigned long long bytes;
        if (sscanf(line, " %63[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %llu", name, &bytes) == 2 &&
            strcmp(name, "lo") != 0)
            sent += (double)bytes;
    }
    fclose(file);
    return sent;
}

/* Takes a step, and returns what it has sent to the other host. */
static double send_step(descend_mpi *mpi)
{
    MPI_Barrier(world_comm);
    const double before = bytes_sent();
    MPI_Barrier(world_comm);
    EXPECT_OK(descend_mpi_reduce(mpi));
    EXPECT_OK(descend_mpi_step(mpi, NULL, NULL));
    MPI_Barrier(world_comm);
    return bytes_sent() - before;
}

/* Each rank sends each rank of the other host its share of the gradients and its own share of the parameters. */
static void check_bytes(bool has_copy)
{
    const descend_config config = descend_config_defaults(DESCEND_ADAM);
    descend_tensor tensor = {.name = "a", .n = N};
    descend_optimizer *groups;
    descend_mpi *mpi;
    float *arrays = calloc(2 * N, sizeof *arrays);
    uint16_t *copy = calloc(N, sizeof *copy);
    EXPECT(arrays && copy, "no memory");
    tensor.param.data = arrays;
    tensor.grad.data = arrays + N;
    if (has_copy)
        tensor.copy = (descend_array){.data = copy, .dtype = DESCEND_BF16};
    EXPECT_OK(descend_optimizer_create(&groups, &config));
    EXPECT_OK(descend_mpi_create(&mpi, world_comm, groups, &tensor, NULL, 1, NULL));
    const double share = (double)N / world_ranks * ranks_here * (world_ranks - ranks_here);
    const double expected = share * (double)(sizeof(float) + (has_copy ? sizeof *copy : sizeof(float)));
    double sent = send_step(mpi);
    for (int step = 1; step < STEPS; step++) { /* the least: the network may have to send something again */
        const double again = send_step(mpi);
        sent = again < sent ? again : sent;
    }
    EXPECT(sent >= 0.99 * expected && sent <= 1.01 * expected, "%g bytes, not %g", sent, expected);
    if (world_rank == 0)
        printf("%d ranks, %s: sent %.4f of the bytes that are needed\n", world_ranks,
               has_copy ? "a copy gathered" : "parameters gathered", sent / expected);
    descend_mpi_destroy(mpi);
    descend_optimizer_destroy(groups);
    free(arrays);
    free(copy);
}

static size_t read_file(const char *path, unsigned char **bytes)
{
    FILE *file = fopen(path, "rb");
    EXPECT(file != NULL && fseek(file, 0, SEEK_END) == 0, "%s", path);
    const size_t size = (size_t)ftell(file);
    rewind(file);
    *bytes = malloc(size + 1);
    EXPECT(*bytes && fread(*bytes, 1, size, file) == size, "%s", path);
    fclose(file);
    return size;
}

static void expect_same_files(const char *a, const char *b)
{
    unsigned char *bytes[2];
    const size_t sizes[] = {read_file(a, &bytes[0]), read_file(b, &bytes[1])};
    EXPECT(sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0, "the files differ");
    free(bytes[0]);
    free(bytes[1]);
}

/* Rank 0's host has the file; the others cannot load it, and all are told. */
static void check_files(const struct scene *scene, const char *directory, bool on_first_host)
{
    char together[4096], alone[4096];
    const descend_checkpoint checkpoint = {.params = true};
    snprintf(together, sizeof together, "%s/together.safetensors", directory);
    snprintf(alone, sizeof alone, "%s/alone.safetensors", directory);
    EXPECT_OK(descend_mpi_save(scene->mpi, together, &checkpoint));
    EXPECT((access(together, F_OK) == 0) == on_first_host, "not in a directory of the first host only");
    const descend_status status = descend_mpi_load(scene->mpi, together, &checkpoint);
    EXPECT(status == (on_first_host ? DESCEND_MPI_PEER : DESCEND_FILE_OPEN), "%s", descend_status_string(status));
    scene_compare(scene);
    if (world_rank > 0)
        return;
    EXPECT_OK(descend_optimizer_save(scene->alone, alone, &checkpoint));
    expect_same_files(together, alone);
    (void)remove(together);
    (void)remove(alone);
}

static void check_scene(const char *directory, bool on_first_host)
{
    struct scene scene;
    const struct manner manner = {.grad = DESCEND_F32};
    scene_begin(&scene, configuration_of("adamw amsgrad"), &manner, 20);
    scene_train(&scene, 2);
    check_files(&scene, directory, on_first_host);
    scene_train(&scene, 1);
    scene_end(&scene);
}

/* Which ranks share a host with this one. */
static bool find_hosts(void)
{
    MPI_Comm host;
    int first = world_rank;
    MPI_Comm_split_type(world_comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &ranks_here);
    MPI_Bcast(&first, 1, MPI_INT, 0, host);
    MPI_Comm_free(&host);
    return first == 0;
}

int main(int argc, char **argv)
{
    descend_mpi_memory *memory;
    world_begin(&argc, &argv);
    EXPECT(argc == 2, "usage: hosts DIRECTORY");
    const bool on_first_host = find_hosts();
    EXPECT(ranks_here < world_ranks, "all ranks are on one host");
    EXPECT_STATUS(descend_mpi_alloc(&memory, world_comm, 100, true), DESCEND_MPI_NOT_SHARED);
    check_scene(argv[1], on_first_host);
    check_bytes(false);
    check_bytes(true);
    return world_end();
}
