/* SPDX-License-Identifier: MIT */
#include "write.h"

#include <errno.h>
#include <string.h>

#include "order.h"
#include "wait.h"

enum { TAG = 3 };

/* Some bytes of the file that this rank has. */
struct piece {
    const unsigned char *data;
    int size;
    uint64_t at; /* in the file */
};

descend_status descend_mpi_keep_errno(struct saving *saving, descend_status status)
{
    if (status == DESCEND_FILE_WRITE)
        saving->error = errno;
    return status;
}

static descend_status write_piece(struct saving *saving, const void *data, uint64_t size, uint64_t at)
{
    return descend_mpi_keep_errno(saving, descend_replacement_write(&saving->file, data, (size_t)size, at));
}

/* MPI does not say why. */
static descend_status refuse_write(struct saving *saving)
{
    saving->error = EIO;
    return DESCEND_FILE_WRITE;
}

/* Does something with a piece. */
typedef descend_status use_piece(struct saving *saving, const struct piece *piece, void *context);

/* Adds a piece to the checksum, and uses it. */
static descend_status count_and_use(struct saving *saving, const struct piece *piece, use_piece *use, void *context)
{
    const uint64_t after = saving->header.size + saving->header.data_size - piece->at - (uint64_t)piece->size;
    const uint32_t crc = descend_crc32(&saving->crc, 0, piece->data, (size_t)piece->size);
    saving->checksum ^= descend_crc32_followed(&saving->crc, crc, after);
    return use(saving, piece, context);
}

/* Uses the part that this rank has of a tensor, which begins at this offset of the file. */
static descend_status use_part(struct saving *saving, const struct descend_file_tensor *tensor, uint64_t tensor_at,
                               use_piece *use, void *context)
{
    descend_status status = DESCEND_OK;
    for (uint64_t done = 0, size; done < tensor->part_size && status == DESCEND_OK; done += size) {
        size = tensor->part_size - done < DESCEND_MPI_PIECE ? tensor->part_size - done : DESCEND_MPI_PIECE;
        struct piece piece = {(const unsigned char *)tensor->data + done, (int)size,
                              tensor_at + tensor->part_begin + done};
        if (DESCEND_BIG_ENDIAN) {
            memcpy(saving->piece, piece.data, (size_t)size);
            descend_reverse_words(saving->piece, (size_t)size, descend_file_dtype_word(tensor->dtype));
            piece.data = saving->piece;
        }
        status = count_and_use(saving, &piece, use, context);
    }
    return status;
}

/* Uses all parts that this rank has. */
static descend_status use_parts(struct saving *saving, use_piece *use, void *context)
{
    descend_status status = DESCEND_OK;
    uint64_t at = saving->header.size;
    for (size_t t = 0; t < saving->contents.tensor_count && status == DESCEND_OK; t++) {
        const struct descend_file_tensor *tensor = &saving->contents.tensors[t];
        status = use_part(saving, tensor, at, use, context);
        at += descend_file_tensor_size(tensor);
    }
    return status;
}

static descend_status write_by_mpi(struct saving *saving, const struct piece *piece, void *context)
{
    MPI_File *file = context;
    MPI_Status status;
    int written = 0;
    if (MPI_File_write_at(*file, (MPI_Offset)piece->at, piece->data, piece->size, MPI_BYTE, &status) == MPI_SUCCESS &&
        MPI_Get_count(&status, MPI_BYTE, &written) == MPI_SUCCESS && written == piece->size)
        return DESCEND_OK;
    return refuse_write(saving);
}

/* Opened by each rank for itself: so a rank that cannot leaves no other waiting. */
descend_status descend_mpi_write_parts(struct saving *saving, const char *temporary)
{
    MPI_File file;
    if (MPI_File_open(MPI_COMM_SELF, temporary, MPI_MODE_WRONLY, MPI_INFO_NULL, &file) != MPI_SUCCESS)
        return refuse_write(saving);
    descend_status status = use_parts(saving, write_by_mpi, &file);
    const bool is_flushed = MPI_File_sync(file) == MPI_SUCCESS;
    if ((MPI_File_close(&file) != MPI_SUCCESS || !is_flushed) && status == DESCEND_OK)
        status = refuse_write(saving);
    return status;
}

static descend_status write_here(struct saving *saving, const struct piece *piece, void *context)
{
    (void)context;
    return write_piece(saving, piece->data, (uint64_t)piece->size, piece->at);
}

static descend_status send_bytes(struct saving *saving, const void *data, int size)
{
    descend_mpi *mpi = saving->mpi;
    return descend_mpi_finish(mpi, MPI_Isend(data, size, MPI_BYTE, 0, TAG, mpi->comm, &mpi->request));
}

static descend_status send_piece(struct saving *saving, const struct piece *piece, void *context)
{
    (void)context;
    return send_bytes(saving, piece->data, piece->size);
}

static descend_status receive_bytes(struct saving *saving, int rank, void *to, int size)
{
    descend_mpi *mpi = saving->mpi;
    return descend_mpi_finish(mpi, MPI_Irecv(to, size, MPI_BYTE, rank, TAG, mpi->comm, &mpi->request));
}

/* Where the parts of this rank are. */
static void list_parts(struct saving *saving)
{
    uint64_t at = saving->header.size;
    for (size_t t = 0; t < saving->contents.tensor_count; t++) {
        const struct descend_file_tensor *tensor = &saving->contents.tensors[t];
        saving->parts[2 * t] = at + tensor->part_begin;
        saving->parts[2 * t + 1] = tensor->part_size;
        at += descend_file_tensor_size(tensor);
    }
}

/* Receives all that a rank has. After a failure to write it goes on receiving: the rank sends all the same. */
static descend_status receive_parts(struct saving *saving, int rank, descend_status status)
{
    const int table = (int)(2 * saving->contents.tensor_count * sizeof *saving->parts);
    descend_status received = receive_bytes(saving, rank, saving->parts, table);
    for (size_t t = 0; t < saving->contents.tensor_count && received == DESCEND_OK; t++) {
        const uint64_t begin = saving->parts[2 * t], all = saving->parts[2 * t + 1];
        for (uint64_t done = 0, size; done < all && received == DESCEND_OK; done += size) {
            size = all - done < DESCEND_MPI_PIECE ? all - done : DESCEND_MPI_PIECE;
            received = receive_bytes(saving, rank, saving->piece, (int)size);
            if (received == DESCEND_OK && status == DESCEND_OK)
                status = write_piece(saving, saving->piece, size, begin + done);
        }
    }
    return status == DESCEND_OK ? received : status;
}

descend_status descend_mpi_stream_parts(struct saving *saving)
{
    descend_status status;
    if (saving->mpi->rank > 0) {
        list_parts(saving);
        status = send_bytes(saving, saving->parts, (int)(2 * saving->contents.tensor_count * sizeof *saving->parts));
        return status == DESCEND_OK ? use_parts(saving, send_piece, NULL) : status;
    }
    status = use_parts(saving, write_here, NULL);
    for (int rank = 1; rank < saving->mpi->ranks && saving->mpi->broken == DESCEND_OK; rank++)
        status = receive_parts(saving, rank, status);
    return status;
}
