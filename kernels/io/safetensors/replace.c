#define _POSIX_C_SOURCE 200809L /* openat, renameat, fchmod */
#include "replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "numerals.h"

/* Opens the directory of the path and finds the file's name in it; `directory` has room for the path and for ".". */
static bool open_directory(struct descend_replacement *replacement, const char *path, char *directory)
{
    const char *slash = strrchr(path, '/');
    replacement->name = slash ? slash + 1 : path;
    const size_t size = (size_t)(replacement->name - path);
    memcpy(directory, slash ? path : ".", slash ? size : 1);
    directory[slash ? size : 1] = '\0';
    replacement->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return replacement->directory >= 0;
}

/* Creates the temporary file, under the first name that is free. */
static bool create(struct descend_replacement *replacement, mode_t mode)
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
        replacement->file =
            openat(replacement->directory, replacement->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
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
    struct stat old;
    const bool exists = stat(path, &old) == 0;
    if (exists && !S_ISREG(old.st_mode)) {
        errno = EINVAL;
        return DESCEND_FILE_WRITE;
    }
    *replacement = (struct descend_replacement){
        .directory = -1, .file = -1, .temporary = malloc(strlen(path) + sizeof ".tmp.." + 2 * DESCEND_NUMERAL)};
    if (replacement->temporary == NULL)
        return DESCEND_NO_MEMORY;
    const mode_t mode = exists ? old.st_mode & 0777 : 0666;
    if (!open_directory(replacement, path, replacement->temporary) || !create(replacement, mode)) {
        close_all(replacement);
        return DESCEND_FILE_WRITE;
    }
    if (exists) /* restores permissions that the umask took away; where that is refused, the new file has fewer */
        (void)fchmod(replacement->file, mode);
    return DESCEND_OK;
}

descend_status descend_replacement_write(const struct descend_replacement *replacement, const void *data, size_t size)
{
    const unsigned char *at = data;
    while (size > 0) {
        const ssize_t done = write(replacement->file, at, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return DESCEND_FILE_WRITE;
        at += done;
        size -= (size_t)done;
    }
    return DESCEND_OK;
}

descend_status descend_replacement_write_at(const struct descend_replacement *replacement, const void *data,
                                            size_t size, uint64_t offset)
{
    return lseek(replacement->file, (off_t)offset, SEEK_SET) < 0 ? DESCEND_FILE_WRITE
                                                                 : descend_replacement_write(replacement, data, size);
}

static bool flush(int descriptor)
{
    int result;
    do
        result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    return result == 0;
}

descend_status descend_replacement_commit(struct descend_replacement *replacement)
{
    if (!flush(replacement->file) ||
        renameat(replacement->directory, replacement->temporary, replacement->directory, replacement->name) != 0) {
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
