/* SPDX-License-Identifier: MIT */
#include "calls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct plan plan;
char created[256];

/* Whether the call is interrupted: it succeeds when it is made again. */
static bool interrupted(void)
{
    static bool last;
    if (plan.event != INTERRUPTED)
        return false;
    errno = EINTR;
    last = !last;
    return last;
}

/* Whether the call fails, errno being set. */
static bool fails(void)
{
    if (interrupted())
        return true;
    if (++plan.calls != plan.at)
        return false;
    if (plan.event == KILLED_BEFORE || plan.event == STOPPED_BEFORE)
        raise(plan.event == KILLED_BEFORE ? SIGKILL : SIGSTOP);
    errno = plan.error;
    return plan.event == FAILS;
}

static ssize_t done(ssize_t result)
{
    const int error = errno;
    if (plan.calls == plan.at && (plan.event == KILLED_AFTER || plan.event == STOPPED_AFTER))
        raise(plan.event == KILLED_AFTER ? SIGKILL : SIGSTOP);
    errno = error;
    return result;
}

/* With variable arguments, as they are: some machines pass those in another way. */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    return fails() ? -1 : (int)done(__real_open(path, flags)); /* never with O_CREAT */
}

int __real_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...);
int __wrap_openat(int directory, const char *path, int flags, ...)
{
    if (!(flags & O_CREAT)) /* looks for a leftover */
        return interrupted() ? -1 : __real_openat(directory, path, flags);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = va_arg(arguments, mode_t); /* NOLINT: clang-tidy 14 does not see the va_start */
    va_end(arguments);
    snprintf(created, sizeof created, "%s", path);
    return fails() ? -1 : (int)done(__real_openat(directory, path, flags, mode));
}

int __real_fstat(int file, struct stat *status);
int __wrap_fstat(int file, struct stat *status);
int __wrap_fstat(int file, struct stat *status)
{
    return fails() ? -1 : (int)done(__real_fstat(file, status));
}

int __real_fstatat(int directory, const char *path, struct stat *status, int flags);
int __wrap_fstatat(int directory, const char *path, struct stat *status, int flags);
int __wrap_fstatat(int directory, const char *path, struct stat *status, int flags)
{
    return fails() ? -1 : (int)done(__real_fstatat(directory, path, status, flags));
}

ssize_t __real_pread(int file, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset)
{
    return fails() ? -1 : done(__real_pread(file, data, size, offset));
}

ssize_t __real_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset)
{
    if (fails())
        return -1;
    if (plan.event == WRITES_LITTLE && size > 1)
        size = 1 + plan.calls * 4801 % (size - 1);
    return done(__real_pwrite(file, data, size, offset));
}

int __real_fsync(int file);
int __wrap_fsync(int file);
int __wrap_fsync(int file)
{
    return fails() ? -1 : (int)done(__real_fsync(file));
}

int __real_syncfs(int file);
int __wrap_syncfs(int file);
int __wrap_syncfs(int file)
{
    return fails() ? -1 : (int)done(__real_syncfs(file));
}

int __real_renameat(int from, const char *old, int to, const char *replaced);
int __wrap_renameat(int from, const char *old, int to, const char *replaced);
int __wrap_renameat(int from, const char *old, int to, const char *replaced)
{
    return fails() ? -1 : (int)done(__real_renameat(from, old, to, replaced));
}

int __real_flock(int file, int operation);
int __wrap_flock(int file, int operation);
int __wrap_flock(int file, int operation)
{
    return interrupted() ? -1 : __real_flock(file, operation);
}

int __real_fchmod(int file, mode_t mode);
int __wrap_fchmod(int file, mode_t mode);
int __wrap_fchmod(int file, mode_t mode)
{
    return interrupted() ? -1 : __real_fchmod(file, mode);
}

int __real_unlinkat(int directory, const char *path, int flags);
int __wrap_unlinkat(int directory, const char *path, int flags);
int __wrap_unlinkat(int directory, const char *path, int flags)
{
    return interrupted() ? -1 : __real_unlinkat(directory, path, flags);
}
