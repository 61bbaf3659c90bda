#define _POSIX_C_SOURCE 200809L /* openat, fstatat, renameat, fchmod, pwrite */
#include "replace.h"

#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "numerals.h"
#include "retry.h"

/* Opens the directory of the path and finds the file's name in it; `directory` has room for the path and for ".". */
static bool open_directory(struct descend_replacement *replacement, const char *path, char *directory)
{
    const char *slash = strrchr(path, '/');
    replacement->name = slash ? slash + 1 : path;
    const size_t size = (size_t)(replacement->name - path);
    memcpy(directory, slash ? path : ".", slash ? size : 1);
    directory[slash ? size : 1] = '\0';
    RETRY(replacement->directory, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return replacement->directory >= 0;
}

/* Finds out whether there is a file to be replaced, and its permissions. Any error but that there is none is one: the
 * new file must not be open to more readers than the old. */
static bool find_replaced(struct descend_replacement *replacement)
{
    struct stat old;
    int result;
    if (*replacement->name == '\0') {
        errno = ENOENT;
        return false;
    }
    RETRY(result, fstatat(replacement->directory, replacement->name, &old, 0));
    replacement->replaces = result == 0;
    if (result != 0)
        return errno == ENOENT;
    replacement->mode = old.st_mode & 0777;
    errno = EINVAL;
    return S_ISREG(old.st_mode);
}

/* Creates the temporary file, under the first name that is free. */
static bool create(struct descend_replacement *replacement)
{
    enum { ATTEMPTS = 10000 };
    const size_t size = strlen(replacement->name);
    memcpy(replacement->temporary, replacement->name, size + 1);
    char *to = replacement->temporary + size;
    for (const char *infix = ".tmp."; *infix != '\0'; infix++)
        *to++ = *infix;
    to += descend_uint64_to_text((uint64_t)getpid(), to);
    *to++ = '.';
    for (uint64_t attempt = 0; attempt < ATTEMPTS; attempt++) {
        descend_uint64_to_text(attempt, to);
        RETRY(replacement->file, openat(replacement->directory, replacement->temporary,
                                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, replacement->mode));
        if (replacement->file >= 0 || errno != EEXIST)
            break;
    }
    return replacement->file >= 0;
}

/* Removes the temporary file without changing errno. */
static void close_all(struct descend_replacement *replacement)
{
    const int error = errno;
    if (replacement->file >= 0)
        close(replacement->file);
    if (replacement->directory >= 0)
        close(replacement->directory);
    free(replacement->temporary);
    errno = error;
}

descend_status descend_replacement_begin(struct descend_replacement *replacement, const char *path)
{
    *replacement =
        (struct descend_replacement){.directory = -1,
                                     .file = -1,
                                     .mode = 0666,
                                     .temporary = malloc(strlen(path) + sizeof ".tmp.." + 2 * DESCEND_NUMERAL)};
    if (replacement->temporary == NULL)
        return DESCEND_NO_MEMORY;
    if (!open_directory(replacement, path, replacement->temporary) || !find_replaced(replacement) ||
        !create(replacement)) {
        close_all(replacement);
        return DESCEND_FILE_WRITE;
    }
    if (replacement->replaces) /* restores permissions that the umask took away; where that is refused, the new file has
                                  fewer */
        (void)fchmod(replacement->file, replacement->mode);
    return DESCEND_OK;
}

descend_status descend_replacement_write(const struct descend_replacement *replacement, const void *data, size_t size,
                                         uint64_t offset)
{
    const unsigned char *at = data;
    while (size > 0) {
        ssize_t done;
        RETRY(done, pwrite(replacement->file, at, size, (off_t)offset));
        if (done < 0)
            return DESCEND_FILE_WRITE;
        at += done;
        size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return DESCEND_OK;
}

static bool flush(int descriptor)
{
    int result;
    RETRY(result, fsync(descriptor));
    return result == 0;
}

descend_status descend_replacement_commit(struct descend_replacement *replacement)
{
    int result = -1;
    if (flush(replacement->file))
        RETRY(result,
              renameat(replacement->directory, replacement->temporary, replacement->directory, replacement->name));
    if (result != 0) {
        descend_replacement_abandon(replacement);
        return DESCEND_FILE_WRITE;
    }
    /* EINVAL: this file system cannot flush a directory. */
    const bool flushed = flush(replacement->directory) || errno == EINVAL;
    close_all(replacement);
    return flushed ? DESCEND_OK : DESCEND_FILE_WRITE;
}

void descend_replacement_abandon(struct descend_replacement *replacement)
{
    const int error = errno;
    unlinkat(replacement->directory, replacement->temporary, 0);
    errno = error;
    close_all(replacement);
}
