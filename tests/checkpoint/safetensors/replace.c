/* Saving is all or nothing: whatever call fails, and whenever the process is killed, the file is the old one or the
 * new, whole. System calls are counted, and made to fail, in the linker's place of libc's functions. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "checkpoint/files.h"
#include "data.h"
#include "test.h"

/* What happens to these functions: at call number `at`, from 1; INTERRUPTED and WRITES_LITTLE to every one. */
enum event { NOTHING, FAILS, KILLED_BEFORE, KILLED_AFTER, INTERRUPTED, WRITES_LITTLE };
struct plan {
    enum event event;
    int error; /* of FAILS */
    unsigned at, calls;
};
static struct plan plan;

/* Whether the call fails, errno being set. An interrupted one succeeds when it is made again. */
static bool strikes(void)
{
    plan.calls++;
    if (plan.event == INTERRUPTED) {
        errno = EINTR;
        return plan.calls % 2 == 1;
    }
    if (plan.calls != plan.at)
        return false;
    if (plan.event == KILLED_BEFORE)
        raise(SIGKILL);
    errno = plan.error;
    return plan.event == FAILS;
}

static int done(int result)
{
    if (plan.calls == plan.at && plan.event == KILLED_AFTER)
        raise(SIGKILL);
    return result;
}

int __real_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode);
int __wrap_open(const char *path, int flags, mode_t mode)
{
    return strikes() ? -1 : done(__real_open(path, flags, mode));
}

int __real_openat(int directory, const char *path, int flags, mode_t mode);
int __wrap_openat(int directory, const char *path, int flags, mode_t mode);
int __wrap_openat(int directory, const char *path, int flags, mode_t mode)
{
    return strikes() ? -1 : done(__real_openat(directory, path, flags, mode));
}

int __real_fstat(int file, struct stat *status);
int __wrap_fstat(int file, struct stat *status);
int __wrap_fstat(int file, struct stat *status)
{
    return strikes() ? -1 : done(__real_fstat(file, status));
}

int __real_fstatat(int directory, const char *path, struct stat *status, int flags);
int __wrap_fstatat(int directory, const char *path, struct stat *status, int flags);
int __wrap_fstatat(int directory, const char *path, struct stat *status, int flags)
{
    return strikes() ? -1 : done(__real_fstatat(directory, path, status, flags));
}

ssize_t __real_pread(int file, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int file, void *data, size_t size, off_t offset)
{
    return strikes() ? -1 : done((int)__real_pread(file, data, size, offset));
}

ssize_t __real_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void *data, size_t size, off_t offset)
{
    if (strikes())
        return -1;
    if (plan.event == WRITES_LITTLE && size > 1)
        size = 1 + plan.calls * 4801 % (size - 1);
    return done((int)__real_pwrite(file, data, size, offset));
}

int __real_fsync(int file);
int __wrap_fsync(int file);
int __wrap_fsync(int file)
{
    return strikes() ? -1 : done(__real_fsync(file));
}

int __real_renameat(int from, const char *old, int to, const char *replaced);
int __wrap_renameat(int from, const char *old, int to, const char *replaced);
int __wrap_renameat(int from, const char *old, int to, const char *replaced)
{
    return strikes() ? -1 : done(__real_renameat(from, old, to, replaced));
}

/* Saves contents of which each byte is this one, in several pieces. */
static descend_status save(const char *path, unsigned char byte)
{
    static unsigned char data[600000];
    static const uint64_t shape[] = {sizeof data};
    memset(data, byte, sizeof data);
    const struct descend_file_tensor tensor = {"a", FILE_U8, 1, shape, data};
    return descend_safetensors_write(path, &tensor, 1, NULL, 0);
}

/* Saves a file while the event of the plan happens. */
static descend_status save_with(struct plan what, unsigned char byte)
{
    plan = what;
    const descend_status status = save(FILE_PATH, byte);
    plan.event = NOTHING;
    return status;
}

/* Which contents the file has, whole and with the right checksum. */
static unsigned char contents(const char *path)
{
    struct descend_safetensors file;
    assert_int_equal(descend_safetensors_open(&file, path), DESCEND_OK);
    assert_true(file.header.has_checksum);
    const struct descend_entry entry = descend_header_entry(&file.header, 0);
    unsigned char *data = malloc(entry.size);
    assert_non_null(data);
    assert_int_equal(descend_safetensors_read(&file, &entry, data), DESCEND_OK);
    const unsigned char byte = data[0];
    for (size_t i = 0; i < entry.size; i++)
        assert_int_equal(data[i], byte);
    free(data);
    descend_safetensors_close(&file);
    return byte;
}

/* open, fstatat, openat, pwrite of length, header, three pieces and digits, fsync, renameat, fsync */
enum { CALLS = 12, RENAME = 11, LAST = 12 };

static void every_call_fails_in_turn(void **state)
{
    (void)state;
    static const int errors[] = {ENOSPC, EIO, EDQUOT};
    const size_t descriptors = open_descriptors();
    for (size_t e = 0; e < COUNT(errors); e++) {
        assert_int_equal(save_with((struct plan){.event = NOTHING}, 'o'), DESCEND_OK);
        assert_int_equal(plan.calls, CALLS);
        for (unsigned at = 1; at <= CALLS; at++) {
            assert_int_equal(save_with((struct plan){FAILS, errors[e], at, 0}, 'n'), DESCEND_FILE_WRITE);
            assert_int_equal(errno, errors[e]);
            assert_int_equal(contents(FILE_PATH), at == LAST ? 'n' : 'o');
            assert_entries(1);
            assert_int_equal(open_descriptors(), descriptors);
        }
    }
    /* a file system that cannot flush directories */
    assert_int_equal(save_with((struct plan){FAILS, EINVAL, LAST, 0}, 'd'), DESCEND_OK);
}

static void a_new_file_that_fails_is_not_there(void **state)
{
    (void)state;
    for (unsigned at = 1; at < LAST; at++) {
        remove(FILE_PATH);
        assert_int_equal(save_with((struct plan){FAILS, ENOSPC, at, 0}, 'n'), DESCEND_FILE_WRITE);
        assert_entries(0);
    }
}

static void interrupted_and_short_calls_go_on(void **state)
{
    (void)state;
    assert_int_equal(save_with((struct plan){.event = INTERRUPTED}, 'i'), DESCEND_OK);
    assert_int_equal(plan.calls, 2 * CALLS);
    plan = (struct plan){.event = INTERRUPTED};
    assert_int_equal(contents(FILE_PATH), 'i');
    plan.event = NOTHING;
    assert_int_equal(save_with((struct plan){.event = WRITES_LITTLE}, 'l'), DESCEND_OK);
    assert_true(plan.calls > 2 * CALLS);
    assert_int_equal(contents(FILE_PATH), 'l');
    assert_entries(1);
}

/* By the system itself. */
static void a_file_size_limit(void **state)
{
    (void)state;
    struct rlimit old;
    assert_int_equal(save(FILE_PATH, 'o'), DESCEND_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {300000, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const descend_status status = save(FILE_PATH, 'n');
    const int error = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, DESCEND_FILE_WRITE);
    assert_int_equal(error, EFBIG);
    assert_int_equal(contents(FILE_PATH), 'o');
    assert_entries(1);
}

/* A process that was killed leaves its temporary file. */
static void remove_temporary(pid_t process)
{
    char name[64];
    snprintf(name, sizeof name, FILE_PATH ".tmp.%ld.0", (long)process);
    remove(name);
    assert_entries(1);
}

static void killed_at_every_call(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= CALLS; at++)
        for (enum event event = KILLED_BEFORE; event <= KILLED_AFTER; event++) {
            assert_int_equal(save(FILE_PATH, 'o'), DESCEND_OK);
            const pid_t child = fork();
            if (child == 0) {
                save_with((struct plan){.event = event, .at = at}, 'n');
                _exit(1);
            }
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
            assert_int_equal(contents(FILE_PATH), at > RENAME || (at == RENAME && event == KILLED_AFTER) ? 'n' : 'o');
            remove_temporary(child);
        }
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    enum { KILLS = 200 };
    assert_int_equal(save(FILE_PATH, 'a'), DESCEND_OK);
    uint64_t seed = 5;
    unsigned changed = 0;
    for (int i = 0; i < KILLS; i++) {
        const unsigned char before = contents(FILE_PATH);
        const pid_t child = fork();
        if (child == 0)
            for (unsigned char byte = before;; byte = byte == 'z' ? 'a' : byte + 1)
                if (save(FILE_PATH, byte) != DESCEND_OK)
                    _exit(1);
        const struct timespec moment = {0, (long)(random_bits(&seed) % 20000000)};
        nanosleep(&moment, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        changed += contents(FILE_PATH) != before;
        remove_temporary(child);
    }
    print_message("killed %d times, %u times with a new file in place\n", KILLS, changed);
}

static mode_t permissions(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void permissions_stay(void **state)
{
    (void)state;
    const mode_t mask = umask(027);
    remove(FILE_PATH);
    assert_int_equal(save(FILE_PATH, 'a'), DESCEND_OK);
    assert_int_equal(permissions(FILE_PATH), 0640);
    static const mode_t modes[] = {0600, 0444, 0666, 0777};
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(FILE_PATH, modes[i]), 0);
        assert_int_equal(save(FILE_PATH, 'b'), DESCEND_OK);
        assert_int_equal(permissions(FILE_PATH), modes[i]);
    }
    remove(FILE_PATH);
    umask(mask);
}

static void paths(void **state)
{
    (void)state;
    char directory[4096], absolute[4200];
    assert_int_equal(mkdir("directory", 0777), 0);
    assert_non_null(realpath("directory", directory));
    snprintf(absolute, sizeof absolute, "%s/%s", directory, FILE_PATH);
    assert_int_equal(save(absolute, 'a'), DESCEND_OK);
    assert_int_equal(save("directory/../directory//" FILE_PATH, 'b'), DESCEND_OK);
    assert_int_equal(contents(absolute), 'b');

    /* a link is replaced, what it led to stays */
    assert_int_equal(symlink(absolute, "link"), 0);
    assert_int_equal(save("link", 'c'), DESCEND_OK);
    assert_int_equal(contents("link"), 'c');
    assert_int_equal(contents(absolute), 'b');

    assert_int_equal(mkfifo("pipe", 0666), 0);
    static const struct {
        const char *path;
        int error;
    } cases[] = {{"directory", EINVAL},
                 {"pipe", EINVAL},
                 {"nowhere/" FILE_PATH, ENOENT},
                 {"", ENOENT},
                 {"link/" FILE_PATH, ENOTDIR}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(save(cases[i].path, 'd'), DESCEND_FILE_WRITE);
        assert_int_equal(errno, cases[i].error);
    }
    assert_entries(3);
    remove(absolute);
    remove("link");
    remove("pipe");
    remove("directory");
}

/* Names that an earlier process of the same number has left are passed over. */
static void a_temporary_name_in_use(void **state)
{
    (void)state;
    char names[3][64];
    for (int i = 0; i < 3; i++) {
        snprintf(names[i], sizeof names[i], FILE_PATH ".tmp.%ld.%d", (long)getpid(), i);
        write_bytes(names[i], (struct bytes){(unsigned char *)names[i], sizeof names[i]});
    }
    assert_int_equal(save(FILE_PATH, 'a'), DESCEND_OK);
    assert_int_equal(contents(FILE_PATH), 'a');
    assert_entries(4);
    for (int i = 0; i < 3; i++)
        remove(names[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_fails_in_turn),
        cmocka_unit_test(a_new_file_that_fails_is_not_there),
        cmocka_unit_test(interrupted_and_short_calls_go_on),
        cmocka_unit_test(a_file_size_limit),
        cmocka_unit_test(killed_at_every_call),
        cmocka_unit_test(killed_at_any_moment),
        cmocka_unit_test(permissions_stay),
        cmocka_unit_test(paths),
        cmocka_unit_test(a_temporary_name_in_use),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
