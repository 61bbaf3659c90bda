/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_PATH, flock, syncfs */
#include "replace.h"

#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "numerals.h"
#include "retry.h"

/* The temporary files of one file are numbered, for writers at the same time. Leftovers are looked for at the first few
 * numbers: at these they are unless very many writers were killed at once. */
enum { NUMBERS = 10000, LEFTOVERS = 32 };

static const char infix[] = ".descend-tmp.";

/* Opens the directory of the path and finds the file's name in it. */
static descend_status open_directory(struct descend_replacement *replacement, const char *path)
{
    const char *slash = strrchr(path, '/');
    replacement->name = slash ? slash + 1 : path;
    const size_t size = slash ? (size_t)(replacement->name - path) : 1;
    char *directory = malloc(size + 1);
    if (directory == NULL)
        return DESCEND_NO_MEMORY;
    memcpy(directory, slash ? path : ".", size);
    directory[size] = '\0';
    RETRY(replacement->directory, open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (replacement->directory < 0 && errno == EACCES) /* files can be created where they must not be listed */
        RETRY(replacement->directory, open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC));
    const int error = errno;
    free(directory);
    errno = error;
    return replacement->directory < 0 ? DESCEND_FILE_WRITE : DESCEND_OK;
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

/* Sets the name of the temporary file: that of the file and a suffix, cut between two characters where it is too long
 * for both. */
static void set_temporary(struct descend_replacement *replacement, uint64_t number)
{
    enum { INFIX = sizeof infix - 1, KEPT = sizeof replacement->temporary - INFIX - DESCEND_NUMERAL };
    size_t size = strlen(replacement->name);
    if (size > KEPT)
        for (size = KEPT; size > 0 && (replacement->name[size] & 0xc0) == 0x80;)
            size--;
    memcpy(replacement->temporary, replacement->name, size);
    memcpy(replacement->temporary + size, infix, INFIX);
    descend_uint64_to_text(number, replacement->temporary + size + INFIX);
}

/* Whether the name of the temporary file leads to this open file; errno ESTALE where it does not. */
static bool is_temporary(const struct descend_replacement *replacement, int file)
{
    struct stat opened, named;
    int result;
    RETRY(result, fstat(file, &opened));
    if (result != 0)
        return false;
    RETRY(result, fstatat(replacement->directory, replacement->temporary, &named, AT_SYMLINK_NOFOLLOW));
    if (result != 0 && errno != ENOENT)
        return false;
    errno = ESTALE;
    return result == 0 && S_ISREG(opened.st_mode) && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

/* False where another has the lock, or where this file system has none. */
static bool lock(int file)
{
    int result;
    RETRY(result, flock(file, LOCK_EX | LOCK_NB));
    return result == 0;
}

/* Removes a temporary file that was left by a killed process: a writer has locked its file for as long as it lives. */
static void remove_leftover(const struct descend_replacement *replacement)
{
    int file, result;
    RETRY(file, openat(replacement->directory, replacement->temporary, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file < 0)
        return;
    if (lock(file) && is_temporary(replacement, file))
        RETRY(result, unlinkat(replacement->directory, replacement->temporary, 0));
    close(file);
}

/* Creates the temporary file and locks it. False, with errno EEXIST, where the name is in use, also where another
 * writer has taken the new file for a leftover before it was locked, and removes it. */
static bool create(struct descend_replacement *replacement)
{
    /* The permissions of a file that is replaced are set in the end: a leftover that may not be written cannot be
     * locked everywhere. */
    const mode_t mode = replacement->replaces ? 0600 : replacement->mode;
    RETRY(replacement->file,
          openat(replacement->directory, replacement->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (replacement->file < 0)
        return false;
    if ((lock(replacement->file) || errno != EWOULDBLOCK) && is_temporary(replacement, replacement->file))
        return true;
    if (errno == EWOULDBLOCK || errno == ESTALE) {
        close(replacement->file);
        replacement->file = -1;
        errno = EEXIST;
    }
    return false;
}

/* Creates the temporary file under the first name that is free, after leftovers have been removed. */
static bool create_any(struct descend_replacement *replacement)
{
    for (uint64_t number = 0; number < LEFTOVERS; number++) {
        set_temporary(replacement, number);
        remove_leftover(replacement);
    }
    bool created = false;
    errno = EEXIST;
    for (uint64_t number = 0; number < NUMBERS && !created && errno == EEXIST; number++) {
        set_temporary(replacement, number);
        created = create(replacement);
    }
    return created;
}

static void close_all(struct descend_replacement *replacement)
{
    const int error = errno;
    if (replacement->file >= 0)
        close(replacement->file);
    if (replacement->directory >= 0)
        close(replacement->directory);
    errno = error;
}

descend_status descend_replacement_begin(struct descend_replacement *replacement, const char *path)
{
    *replacement = (struct descend_replacement){.directory = -1, .file = -1, .mode = 0666};
    descend_status status = open_directory(replacement, path);
    if (status == DESCEND_OK && (!find_replaced(replacement) || !create_any(replacement)))
        status = DESCEND_FILE_WRITE;
    if (status != DESCEND_OK)
        descend_replacement_abandon(replacement);
    return status;
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

/* Makes the new name last. A directory that could not be opened for reading is flushed with all its file system. */
static bool flush_directory(const struct descend_replacement *replacement)
{
    int result;
    if (flush(replacement->directory) || errno == EINVAL) /* this file system cannot flush a directory */
        return true;
    if (errno != EBADF)
        return false;
    RETRY(result, syncfs(replacement->file));
    return result == 0;
}

/* Gives the temporary file its permissions and its place. */
static bool put_in_place(const struct descend_replacement *replacement)
{
    int result;
    if (replacement->replaces) /* where this is refused, the new file has fewer permissions */
        RETRY(result, fchmod(replacement->file, replacement->mode));
    RETRY(result, renameat(replacement->directory, replacement->temporary, replacement->directory, replacement->name));
    return result == 0;
}

descend_status descend_replacement_commit(struct descend_replacement *replacement)
{
    if (!flush(replacement->file) || !is_temporary(replacement, replacement->file) || !put_in_place(replacement)) {
        descend_replacement_abandon(replacement);
        return DESCEND_FILE_WRITE;
    }
    const bool flushed = flush_directory(replacement);
    close_all(replacement);
    return flushed ? DESCEND_OK : DESCEND_FILE_WRITE;
}

void descend_replacement_abandon(struct descend_replacement *replacement)
{
    const int error = errno;
    int result;
    if (replacement->file >= 0 && is_temporary(replacement, replacement->file))
        RETRY(result, unlinkat(replacement->directory, replacement->temporary, 0));
    errno = error;
    close_all(replacement);
}
