/* SPDX-License-Identifier: MIT */
/* One rank cannot save or load, or wants another file: all learn of it, the file in place and everything in memory are
 * as before, nothing is left in the directory, and the next call works. The argument is a directory. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scene.h"
#include "world.h"

enum { FILE_BYTES = 8 << 20 }; /* more than the files of these tests have */

static char directory[4000], path[4096], other_path[4096], missing[4096];
static unsigned char *kept_file, *kept_grads;
static size_t kept_size;

static bool is_last(void)
{
    return world_rank == world_ranks - 1;
}

static size_t read_file(const char *name, unsigned char *bytes)
{
    FILE *file = fopen(name, "rb");
    EXPECT(file != NULL, "%s: %s", name, strerror(errno));
    const size_t size = fread(bytes, 1, FILE_BYTES, file);
    fclose(file);
    return size;
}

static void write_file(const char *name, const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");
    EXPECT(file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "%s: %s", name, strerror(errno));
}

static int count_files(void)
{
    int count = 0;
    DIR *dir = opendir(directory);
    EXPECT(dir != NULL, "%s: %s", directory, strerror(errno));
    while (readdir(dir))
        count++;
    closedir(dir);
    return count - 2; /* . and .. */
}

static size_t grad_size(const struct scene *scene)
{
    return scene->elements * sizeof(float);
}

static void keep(const struct scene *scene)
{
    memcpy(kept_grads, scene->grad, grad_size(scene));
    MPI_Barrier(world_comm);
}

/* After a call that returned this on the rank, and that rank `refused` was to be refused with that status; -1: all. */
static void expect_refused(const struct scene *scene, const char *what, descend_status status, int refused,
                           descend_status of_refused)
{
    const bool is_own = world_rank == refused || refused < 0;
    const descend_status expected = is_own ? of_refused : DESCEND_MPI_PEER;
    descend_status of_peer;
    int peer;
    EXPECT(status == expected, "%s: \"%s\", not \"%s\"", what, descend_status_string(status),
           descend_status_string(expected));
    EXPECT_OK(descend_mpi_peer(scene->mpi, &peer, &of_peer));
    if (refused >= 0)
        EXPECT(peer == refused && of_peer == of_refused, "%s: rank %d, \"%s\"", what, peer,
               descend_status_string(of_peer));
    EXPECT(memcmp(scene->grad, kept_grads, grad_size(scene)) == 0, "%s: a gradient has changed", what);
    scene_compare(scene);
    MPI_Barrier(world_comm);
    if (world_rank == 0) {
        unsigned char *now = malloc(FILE_BYTES);
        EXPECT(now != NULL, "no memory");
        EXPECT(read_file(path, now) == kept_size && memcmp(now, kept_file, kept_size) == 0, "%s: the file differs",
               what);
        EXPECT(count_files() == 1, "%s: %d files", what, count_files());
        free(now);
    }
    MPI_Barrier(world_comm);
}

/* Saves on all ranks, with a path and a checkpoint of this rank's own. */
static void expect_not_saved(const struct scene *scene, const char *what, const char *to,
                             const descend_checkpoint *checkpoint, int refused, descend_status of_refused)
{
    keep(scene);
    expect_refused(scene, what, descend_mpi_save(scene->mpi, to, checkpoint), refused, of_refused);
}

static void refuse_saving(const struct scene *scene)
{
    const int last = world_ranks - 1;
    descend_scaler bad_scaler = descend_scaler_defaults();
    bad_scaler.scale = -1;
    const descend_note notes[] = {{"batch", "\xff"}, {NULL, "8"}, {"batch", "8"}, {"batch", "9"}};
    const descend_checkpoint none = {.params = false}, not_utf8 = {.notes = &notes[0], .note_count = 1};
    const descend_checkpoint no_key = {.notes = &notes[1], .note_count = 1}, reserved = {.reserved = {1}};
    const descend_checkpoint note = {.notes = &notes[2], .note_count = 1};
    const descend_checkpoint other_note = {.notes = &notes[3], .note_count = 1}, with_params = {.params = true};
    const descend_checkpoint scaled = {.scaler = &bad_scaler};
    expect_not_saved(scene, "no path", is_last() ? NULL : path, &none, last, DESCEND_BAD_PATH);
    expect_not_saved(scene, "not UTF-8", path, is_last() ? &not_utf8 : &none, last, DESCEND_BAD_FILE_UTF8);
    expect_not_saved(scene, "no key", path, is_last() ? &no_key : &none, last, DESCEND_BAD_NOTE);
    expect_not_saved(scene, "reserved", path, is_last() ? &reserved : &none, last, DESCEND_BAD_RESERVED);
    expect_not_saved(scene, "scaler", path, is_last() ? &scaled : &none, last, DESCEND_BAD_SCALE);
    expect_not_saved(scene, "other note", path, is_last() ? &other_note : &note, -1, DESCEND_MPI_MISMATCH);
    expect_not_saved(scene, "other arrays", path, is_last() ? &with_params : &none, -1, DESCEND_MPI_MISMATCH);
    expect_not_saved(scene, "other path", is_last() ? other_path : path, &none, -1, DESCEND_MPI_MISMATCH);
}

/* Errors of the file system, of which errno tells. */
static void refuse_writing(const struct scene *scene)
{
    errno = 0;
    expect_not_saved(scene, "no directory", missing, NULL, 0, DESCEND_FILE_WRITE);
    EXPECT(errno == (world_rank == 0 ? ENOENT : 0), "%s", strerror(errno));
    errno = 0;
    expect_not_saved(scene, "a directory", directory, NULL, 0, DESCEND_FILE_WRITE);
    EXPECT(errno == (world_rank == 0 ? EINVAL : 0), "%s", strerror(errno));
}

/* A rank's disk is full at so many bytes. */
static void refuse_full_disk(const struct scene *scene, int rank, size_t size)
{
    struct rlimit before, full;
    getrlimit(RLIMIT_FSIZE, &before);
    full = before;
    full.rlim_cur = size;
    if (world_rank == rank)
        setrlimit(RLIMIT_FSIZE, &full);
    errno = 0;
    const descend_checkpoint checkpoint = {.params = true};
    keep(scene);
    const descend_status status = descend_mpi_save(scene->mpi, path, &checkpoint);
    const int error = errno;
    setrlimit(RLIMIT_FSIZE, &before);
    EXPECT((error != 0) == (world_rank == rank), "%s", strerror(error));
    expect_refused(scene, "a full disk", status, rank, DESCEND_FILE_WRITE);
}

static void expect_not_loaded(const struct scene *scene, const char *what, const char *from,
                              const descend_checkpoint *checkpoint, int refused, descend_status of_refused)
{
    keep(scene);
    const descend_status status = descend_mpi_load(scene->mpi, from, checkpoint);
    const int error = errno;
    MPI_Barrier(world_comm);
    if (is_last())
        (void)unlink(other_path);
    MPI_Barrier(world_comm);
    expect_refused(scene, what, status, refused, of_refused);
    errno = error;
}

static void refuse_loading(const struct scene *scene)
{
    const int last = world_ranks - 1;
    const descend_note note = {"batch", "8"};
    const descend_checkpoint none = {.params = false}, reserved = {.reserved = {1}}, with_params = {.params = true};
    const descend_checkpoint with_note = {.notes = &note, .note_count = 1};
    expect_not_loaded(scene, "no path", is_last() ? NULL : path, &none, last, DESCEND_BAD_PATH);
    expect_not_loaded(scene, "reserved", path, is_last() ? &reserved : &none, last, DESCEND_BAD_RESERVED);
    expect_not_loaded(scene, "a note", path, is_last() ? &with_note : &none, last, DESCEND_BAD_FILE_NOTE);
    errno = 0;
    expect_not_loaded(scene, "no file", is_last() ? missing : path, &none, last, DESCEND_FILE_OPEN);
    EXPECT(errno == (is_last() ? ENOENT : 0), "%s", strerror(errno));
    expect_not_loaded(scene, "other arrays", path, is_last() ? &with_params : &none, -1, DESCEND_MPI_MISMATCH);
}

/* The last rank has a damaged file, or another one. */
static void refuse_files(const struct scene *scene)
{
    const descend_checkpoint checkpoint = {.params = true};
    const char *from = is_last() ? other_path : path;
    const int last = world_ranks - 1;
    unsigned char *bytes = malloc(FILE_BYTES);
    EXPECT(bytes != NULL, "no memory");
    memcpy(bytes, kept_file, kept_size);
    if (is_last())
        write_file(other_path, bytes, kept_size / 2);
    expect_not_loaded(scene, "half a file", from, &checkpoint, last, DESCEND_BAD_FILE_TRUNCATED);
    if (is_last())
        write_file(other_path, bytes, 5);
    expect_not_loaded(scene, "a short file", from, &checkpoint, last, DESCEND_BAD_FILE_SHORT);
    for (size_t i = 1; i < 200; i++) /* the last tensor is a small one: the damage goes through all parts of the file */
        bytes[kept_size - i * (kept_size / 300)] ^= 1;
    if (is_last())
        write_file(other_path, bytes, kept_size);
    expect_not_loaded(scene, "damaged", from, &checkpoint, -1, DESCEND_BAD_FILE_CHECKSUM);
    free(bytes);
}

/* The last rank has the file of another step. */
static void refuse_other_file(struct scene *scene)
{
    const descend_checkpoint checkpoint = {.params = true};
    scene_train(scene, 1);
    if (is_last())
        EXPECT_OK(descend_optimizer_save(scene->alone, other_path, &checkpoint));
    MPI_Barrier(world_comm);
    expect_not_loaded(scene, "another file", is_last() ? other_path : path, &checkpoint, -1, DESCEND_MPI_MISMATCH);
}

static void check(struct manner manner)
{
    struct scene scene;
    const descend_checkpoint checkpoint = {.params = true};
    scene_begin(&scene, configuration_of("adamw amsgrad"), &manner, 1);
    kept_grads = malloc(grad_size(&scene));
    EXPECT(kept_grads != NULL, "no memory");
    scene_train(&scene, 1);
    EXPECT_OK(descend_mpi_save(scene.mpi, path, &checkpoint));
    kept_size = read_file(path, kept_file);
    scene_train(&scene, 1);
    refuse_saving(&scene);
    refuse_writing(&scene);
    for (int rank = 0; rank < world_ranks; rank++)
        refuse_full_disk(&scene, rank, rank == 0 ? 1000 : 3000);
    refuse_loading(&scene);
    refuse_files(&scene);
    refuse_other_file(&scene);
    EXPECT_OK(descend_mpi_load(scene.mpi, path, &checkpoint));
    EXPECT_OK(descend_optimizer_load(scene.alone, path, &checkpoint));
    scene_compare(&scene);
    scene_train(&scene, 1);
    EXPECT_OK(descend_mpi_save(scene.mpi, path, &checkpoint));
    scene_end(&scene);
    free(kept_grads);
    MPI_Barrier(world_comm);
    if (world_rank == 0)
        EXPECT(unlink(path) == 0, "%s", strerror(errno));
}

int main(int argc, char **argv)
{
    world_begin(&argc, &argv);
    EXPECT(argc == 2, "usage: file_refusals DIRECTORY");
    snprintf(directory, sizeof directory, "%s/refusals.%d", argv[1], world_ranks);
    snprintf(path, sizeof path, "%s/a.safetensors", directory);
    snprintf(other_path, sizeof other_path, "%s.other", directory);
    snprintf(missing, sizeof missing, "%s/missing/a.safetensors", directory);
    kept_file = malloc(FILE_BYTES);
    EXPECT(kept_file != NULL, "no memory");
    if (world_rank == 0)
        EXPECT(mkdir(directory, 0777) == 0 || errno == EEXIST, "%s", strerror(errno));
    MPI_Barrier(world_comm);
    signal(SIGXFSZ, SIG_IGN);
    check((struct manner){.grad = DESCEND_F32});
    check((struct manner){.share_grads = true, .share_params = true});
    if (world_rank == 0)
        EXPECT(rmdir(directory) == 0, "%s", strerror(errno));
    free(kept_file);
    return world_end();
}
