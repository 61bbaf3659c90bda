/* SPDX-License-Identifier: MIT */
/*
 * Replaces a file as a whole: writes a temporary file beside it, and in the end renames that over it.
 *
 * A temporary file that a killed process has left is removed by the next replacement of the same file. What tells it
 * from that of a writer at work is a lock (flock), which the system takes from a process that ends. So that nobody
 * removes or renames another's file, each makes sure that the name still leads to the file that it has locked.
 */
#ifndef DESCEND_CHECKPOINT_REPLACE_H
#define DESCEND_CHECKPOINT_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "descend/descend.h"

struct descend_replacement {
    int directory, file;
    const char *name;    /* of the file to be replaced, in the directory */
    bool replaces;       /* whether there is one */
    mode_t mode;         /* its permissions; else those for a new file */
    char temporary[256]; /* name of the temporary file, in the directory; file systems have names of 255 bytes */
};

/* Creates the temporary file. After DESCEND_OK the caller must end with commit or abandon, and keep the path until
 * then; after an error there is nothing to end. Errors are DESCEND_FILE_WRITE, with the cause in errno, and
 * DESCEND_NO_MEMORY. */
descend_status descend_replacement_begin(struct descend_replacement *replacement, const char *path);

descend_status descend_replacement_write(const struct descend_replacement *replacement, const void *data, size_t size,
                                         uint64_t offset);

/* Flushes the temporary file, renames it and flushes the directory. After DESCEND_OK the new file is in place; after an
 * error only if it was the directory that could not be flushed. */
descend_status descend_replacement_commit(struct descend_replacement *replacement);

/* Removes the temporary file, if there is one, without changing errno. */
void descend_replacement_abandon(struct descend_replacement *replacement);

#endif
