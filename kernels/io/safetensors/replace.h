/* Replaces a file as a whole: a temporary file beside it is written, and in the end takes its name. */
#ifndef DESCEND_CHECKPOINT_REPLACE_H
#define DESCEND_CHECKPOINT_REPLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/descend.h"

struct descend_replacement {
    int directory, file;
    const char *name; /* in the directory, of the file to be replaced */
    char *temporary;  /* name in the directory */
};

/* Creates the temporary file. The path must last until the end, which is commit or abandon after DESCEND_OK and nothing
 * else. All failures are DESCEND_FILE_WRITE, errno saying why, or DESCEND_NO_MEMORY. */
descend_status descend_replacement_begin(struct descend_replacement *replacement, const char *path);

/* Write at the end of the file, and at an offset. */
descend_status descend_replacement_write(const struct descend_replacement *replacement, const void *data, size_t size);
descend_status descend_replacement_write_at(const struct descend_replacement *replacement, const void *data,
                                            size_t size, uint64_t offset);

/* Flushes and renames. Unless that fails, the new file is in place; it may be in place if flushing the directory, the
 * last act, fails. */
descend_status descend_replacement_commit(struct descend_replacement *replacement);

/* Removes the temporary file; errno stays. */
void descend_replacement_abandon(struct descend_replacement *replacement);

#endif
