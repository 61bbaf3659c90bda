/* SPDX-License-Identifier: MIT */
/* Writing the parts of a file that ranks have. */
#ifndef DESCEND_MPI_WRITE_H
#define DESCEND_MPI_WRITE_H

#include "compose.h"
#include "contents.h"
#include "crc32.h"
#include "object.h"
#include "replace.h"

enum { DESCEND_MPI_PIECE = 16 << 20 }; /* bytes that are written or sent at a time */

/* A file that is being saved. */
struct saving {
    descend_mpi *mpi;
    struct descend_contents contents;
    struct descend_composed header;
    struct descend_crc32 crc;
    uint32_t checksum;               /* of what this rank has written, in that of the file */
    struct descend_replacement file; /* on rank 0 */
    char temporary[256];             /* the name of the temporary file, in the directory of the path */
    unsigned char mark[16];          /* its first bytes, until the header is written */
    uint64_t *parts;                 /* of each tensor, where it begins and how many bytes it has: of another rank */
    unsigned char *piece;
    int error; /* errno of a DESCEND_FILE_WRITE: MPI's later calls may change it */
};

/* Returns the status; where it is DESCEND_FILE_WRITE, keeps errno. */
descend_status descend_mpi_keep_errno(struct saving *saving, descend_status status);

/* Each rank writes its parts of the temporary file of this path. */
descend_status descend_mpi_write_parts(struct saving *saving, const char *temporary);

/* Rank 0 receives the parts of the others, and writes all of them. */
descend_status descend_mpi_stream_parts(struct saving *saving);

#endif
