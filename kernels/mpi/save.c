/* SPDX-License-Identifier: MIT */
/* One file, written by all ranks: rank 0 makes the temporary file (replace.h), each rank writes its parts into it, then
 * rank 0 writes the header, with the checksum to which those of the parts add up, and puts the file in place. */
#define _GNU_SOURCE /* O_CLOEXEC, getrandom */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "call.h"
#include "hash.h"
#include "numerals.h"
#include "retry.h"
#include "wait.h"
#include "words.h"
#include "write.h"

/* Everything that this rank allocates or can be refused, before the first exchange. */
static descend_status prepare(struct saving *saving, const char *path, const descend_checkpoint *checkpoint)
{
    const descend_optimizer *optimizer = saving->mpi->optimizer;
    descend_status status = descend_checkpoint_check(optimizer, path, checkpoint);
    if (status == DESCEND_OK && descend_optimizer_unfinished(optimizer))
        status = DESCEND_UNFINISHED;
    if (status == DESCEND_OK)
        status = descend_contents_make(optimizer, checkpoint, true, &saving->contents);
    if (status != DESCEND_OK)
        return status;
    const struct descend_contents *contents = &saving->contents;
    status = descend_header_compose(&saving->header, contents->tensors, contents->tensor_count, contents->pairs,
                                    contents->pair_count);
    if (status != DESCEND_OK)
        return status;
    saving->piece = malloc(DESCEND_MPI_PIECE);
    saving->parts = malloc((2 * contents->tensor_count + 1) * sizeof *saving->parts);
    return saving->piece && saving->parts ? DESCEND_OK : DESCEND_NO_MEMORY;
}

static uint64_t hash_file(const struct saving *saving, const char *path)
{
    const uint64_t hash = descend_mpi_hash(descend_mpi_hash_begin, path, strlen(path));
    return descend_mpi_hash(hash, saving->header.text, saving->header.size);
}

/* On rank 0: makes the temporary file, with a mark at its beginning by which other ranks know it. */
static descend_status begin_file(struct saving *saving, const char *path)
{
    descend_status status = descend_replacement_begin(&saving->file, path);
    int result;
    if (status != DESCEND_OK)
        return status;
    ssize_t random;
    RETRY(random, getrandom(saving->mark, sizeof saving->mark, 0));
    status = random == sizeof saving->mark ? DESCEND_OK : DESCEND_FILE_WRITE;
    if (status == DESCEND_OK)
        status = descend_replacement_write(&saving->file, saving->mark, sizeof saving->mark, 0);
    if (status == DESCEND_OK) {
        RETRY(result, fsync(saving->file.file)); /* for other machines to see it */
        status = result == 0 ? DESCEND_OK : DESCEND_FILE_WRITE;
    }
    if (status == DESCEND_OK)
        memcpy(saving->temporary, saving->file.temporary, sizeof saving->temporary);
    else
        descend_replacement_abandon(&saving->file);
    return status;
}

/* Tells all ranks the name and the mark of the temporary file. */
static descend_status tell_name(struct saving *saving)
{
    descend_mpi *mpi = saving->mpi;
    const descend_status status = descend_mpi_finish(
        mpi, MPI_Ibcast(saving->temporary, sizeof saving->temporary, MPI_CHAR, 0, mpi->comm, &mpi->request));
    if (status != DESCEND_OK)
        return status;
    return descend_mpi_finish(
        mpi, MPI_Ibcast(saving->mark, sizeof saving->mark, MPI_UNSIGNED_CHAR, 0, mpi->comm, &mpi->request));
}

/* The path of the temporary file; NULL where there is no memory. */
static char *temporary_path(const struct saving *saving, const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t directory = slash ? (size_t)(slash - path) + 1 : 0, name = strlen(saving->temporary);
    char *temporary = malloc(directory + name + 1);
    if (temporary != NULL) {
        memcpy(temporary, path, directory);
        memcpy(temporary + directory, saving->temporary, name + 1);
    }
    return temporary;
}

/* Whether this rank finds the temporary file of rank 0 under this path, and may write it. */
static bool finds_file(const struct saving *saving, const char *temporary)
{
    unsigned char mark[sizeof saving->mark];
    int file;
    ssize_t size = 0;
    RETRY(file, open(temporary, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (file < 0)
        return false;
    RETRY(size, pread(file, mark, sizeof mark, 0));
    close(file);
    return size == sizeof mark && memcmp(mark, saving->mark, sizeof mark) == 0;
}

/* Writes all parts, by the way that all ranks have. */
static descend_status write_all(struct saving *saving, const char *path)
{
    descend_mpi *mpi = saving->mpi;
    char *temporary = temporary_path(saving, path);
    descend_status status = descend_mpi_agree(mpi, temporary ? DESCEND_OK : DESCEND_NO_MEMORY, 0);
    uint32_t missed = 0;
    if (status == DESCEND_OK)
        status = descend_mpi_or(mpi, !finds_file(saving, temporary), &missed);
    if (status == DESCEND_OK)
        status = missed ? descend_mpi_stream_parts(saving) : descend_mpi_write_parts(saving, temporary);
    free(temporary);
    return status;
}

/* On rank 0: writes the header, with the checksum, and puts the file in place. */
static descend_status end_file(struct saving *saving)
{
    char digits[DESCEND_HEX_DIGITS];
    descend_uint32_to_hex(saving->checksum, digits);
    descend_status status = descend_replacement_write(&saving->file, saving->header.text, saving->header.size, 0);
    if (status == DESCEND_OK)
        status = descend_replacement_write(&saving->file, digits, sizeof digits, saving->header.checksum_at);
    return status == DESCEND_OK ? descend_replacement_commit(&saving->file) : status;
}

static descend_status save(struct saving *saving, const char *path)
{
    descend_mpi *mpi = saving->mpi;
    const bool first = mpi->rank == 0;
    descend_status status = first ? descend_mpi_keep_errno(saving, begin_file(saving, path)) : DESCEND_OK;
    status = descend_mpi_agree(mpi, status, 0);
    if (status != DESCEND_OK)
        return status; /* only rank 0 can have failed, which has no file then */
    descend_crc32_init(&saving->crc);
    saving->checksum =
        first ? descend_crc32_followed(&saving->crc,
                                       descend_crc32(&saving->crc, 0, saving->header.text, saving->header.size),
                                       saving->header.data_size)
              : 0;
    status = tell_name(saving);
    if (status == DESCEND_OK)
        status = write_all(saving, path);
    status = descend_mpi_agree(mpi, status, 0);
    if (status == DESCEND_OK)
        status = descend_mpi_xor(mpi, saving->checksum, &saving->checksum);
    if (first && status != DESCEND_OK)
        descend_replacement_abandon(&saving->file);
    if (first && status == DESCEND_OK)
        status = descend_mpi_keep_errno(saving, end_file(saving));
    return descend_mpi_agree(mpi, status, 0);
}

static void free_saving(struct saving *saving)
{
    free(saving->piece);
    free(saving->parts);
    descend_composed_free(&saving->header);
    descend_contents_free(&saving->contents);
    free(saving);
}

/* Sets *error to errno of this rank where its file system refused something. */
static descend_status prepare_and_save(descend_mpi *mpi, const char *path, const descend_checkpoint *checkpoint,
                                       int *error)
{
    struct saving *saving = calloc(1, sizeof *saving);
    if (saving == NULL)
        return descend_mpi_agree(mpi, DESCEND_NO_MEMORY, 0);
    saving->mpi = mpi;
    descend_status status = prepare(saving, path, checkpoint);
    status = descend_mpi_agree(mpi, status, status == DESCEND_OK ? hash_file(saving, path) : 0);
    if (status == DESCEND_OK)
        status = save(saving, path);
    if (status == DESCEND_FILE_WRITE)
        *error = saving->error;
    if (mpi->broken == DESCEND_OK)
        free_saving(saving);
    else
        mpi->leftover = saving; /* MPI may still write to it */
    return status;
}

descend_status descend_mpi_save(descend_mpi *mpi, const char *path, const descend_checkpoint *checkpoint)
{
    static const descend_checkpoint empty;
    int error = errno;
    struct descend_call call;
    descend_status status = descend_mpi_enter(mpi);
    if (status != DESCEND_OK)
        return status;
    descend_call_enter(&call);
    status = prepare_and_save(mpi, path, checkpoint ? checkpoint : &empty, &error);
    descend_call_leave(&call);
    errno = error;
    return status;
}
