/* SPDX-License-Identifier: MIT */
/* Saving is all or nothing: whatever call fails, and whenever the process is killed, the file is the old one or the
 * new, whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "checkpoint/files.h"
#include "monochrome.h"
#include "test.h"

/* Saves a file while the event of the plan happens. */
static descend_status save_with(struct plan what, unsigned char byte)
{
    plan = what;
    const descend_status status = monochrome_save(FILE_PATH, byte);
    plan.event = NOTHING;
    return status;
}

/* open, fstatat; openat, fstat, fstatat; pwrite of header, three pieces and digits; fsync, fstat, fstatat,
 * renameat, fsync */
enum { CALLS = 15, RENAME = 14, LAST = 15 };

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
            assert_int_equal(monochrome(FILE_PATH), at == LAST ? 'n' : 'o');
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

/* So 0 is the descriptor of a directory. */
static void without_standard_input(void **state)
{
    const int input = dup(STDIN_FILENO);
    assert_true(input >= 0);
    assert_int_equal(close(STDIN_FILENO), 0);
    every_call_fails_in_turn(state);
    assert_int_equal(fcntl(STDIN_FILENO, F_GETFD), -1);
    assert_int_equal(dup2(input, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(input), 0);
}

static void interrupted_and_short_calls_go_on(void **state)
{
    (void)state;
    assert_int_equal(save_with((struct plan){.event = INTERRUPTED}, 'i'), DESCEND_OK);
    assert_int_equal(plan.calls, CALLS);
    plan = (struct plan){.event = INTERRUPTED};
    assert_int_equal(monochrome(FILE_PATH), 'i');
    plan.event = NOTHING;
    assert_int_equal(save_with((struct plan){.event = WRITES_LITTLE}, 'l'), DESCEND_OK);
    assert_true(plan.calls > 2 * CALLS);
    assert_int_equal(monochrome(FILE_PATH), 'l');
    assert_entries(1);
}

/* By the system itself. */
static void a_file_size_limit(void **state)
{
    (void)state;
    struct rlimit old;
    assert_int_equal(monochrome_save(FILE_PATH, 'o'), DESCEND_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {300000, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const descend_status status = monochrome_save(FILE_PATH, 'n');
    const int error = errno;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, DESCEND_FILE_WRITE);
    assert_int_equal(error, EFBIG);
    assert_int_equal(monochrome(FILE_PATH), 'o');
    assert_entries(1);
}

static void killed_at_every_call(void **state)
{
    (void)state;
    for (unsigned at = 1; at <= CALLS; at++)
        for (enum event event = KILLED_BEFORE; event <= KILLED_AFTER; event++) {
            assert_int_equal(monochrome_save(FILE_PATH, 'o'), DESCEND_OK);
            const pid_t child = fork();
            if (child == 0) {
                save_with((struct plan){.event = event, .at = at}, 'n');
                _exit(1);
            }
            int status;
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
            assert_int_equal(monochrome(FILE_PATH), at > RENAME || (at == RENAME && event == KILLED_AFTER) ? 'n' : 'o');
            assert_true(entries(".") <= 2);
            assert_int_equal(monochrome_save(FILE_PATH, 'a'), DESCEND_OK);
            assert_entries(1);
        }
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
    static const mode_t masks[] = {0, 027}, of_new_file[] = {0666, 0640}, modes[] = {0600, 0444, 0666, 0777, 06751};
    const mode_t mask = umask(0);
    for (size_t i = 0; i < COUNT(masks); i++) {
        umask(masks[i]);
        remove(FILE_PATH);
        assert_int_equal(monochrome_save(FILE_PATH, 'a'), DESCEND_OK);
        assert_int_equal(permissions(FILE_PATH), of_new_file[i]);
    }
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(FILE_PATH, modes[i]), 0);
        assert_int_equal(monochrome_save(FILE_PATH, 'b'), DESCEND_OK);
        assert_int_equal(permissions(FILE_PATH), modes[i] & 0777);
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
    assert_int_equal(monochrome_save(absolute, 'a'), DESCEND_OK);
    assert_int_equal(monochrome_save("directory/../directory//" FILE_PATH, 'b'), DESCEND_OK);
    assert_int_equal(monochrome(absolute), 'b');

    /* a link is replaced, what it led to stays */
    assert_int_equal(symlink(absolute, "link"), 0);
    assert_int_equal(monochrome_save("link", 'c'), DESCEND_OK);
    assert_int_equal(monochrome("link"), 'c');
    assert_int_equal(monochrome(absolute), 'b');

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
        assert_int_equal(monochrome_save(cases[i].path, 'd'), DESCEND_FILE_WRITE);
        assert_int_equal(errno, cases[i].error);
    }
    assert_entries(3);
    remove(absolute);
    remove("link");
    remove("pipe");
    remove("directory");
}

/* The last temporary file's name is this one, cut between two characters, and a suffix. */
static void assert_cut(const char *name)
{
    static const char suffix[] = ".descend-tmp.0";
    const size_t kept = strlen(created) - strlen(suffix);
    assert_string_equal(created + kept, suffix);
    assert_memory_equal(created, name, kept);
    assert_true(kept >= 200);
    assert_int_not_equal(name[kept] & 0xc0, 0x80);
}

/* As long as file systems allow, where the temporary file's would be too long, in characters of one and of three
 * bytes. */
static void long_names(void **state)
{
    (void)state;
    enum { LONGEST = 255 };
    for (size_t size = 200; size <= LONGEST; size++)
        for (int wide = 0; wide < 2; wide++) {
            char name[LONGEST + 1] = "";
            for (size_t i = 0; i < size; i++)
                name[i] = (char)(!wide || size - i <= size % 3 ? 'n' : "\xe2\x82\xac"[i % 3]);
            assert_int_equal(monochrome_save(name, 'a'), DESCEND_OK);
            assert_int_equal(monochrome_save(name, 'b'), DESCEND_OK);
            assert_cut(name);
            assert_int_equal(monochrome(name), 'b');
            assert_int_equal(remove(name), 0);
        }
    char name[LONGEST + 2] = "";
    memset(name, 0x80, LONGEST); /* no character begins in it */
    assert_int_equal(monochrome_save(name, 'a'), DESCEND_OK);
    assert_string_equal(created, ".descend-tmp.0");
    assert_int_equal(remove(name), 0);
    memset(name, 'n', LONGEST + 1);
    assert_int_equal(monochrome_save(name, 'a'), DESCEND_FILE_WRITE);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_entries(0);
}

/* In a process of its own: for root there are no such directories. */
static void in_a_directory_that_cannot_be_listed(void)
{
    if (chmod("hidden", 0300) != 0 || chdir("hidden") != 0 || (geteuid() == 0 && setuid(65534) != 0))
        _exit(1);
    if (opendir(".") != NULL || monochrome_save(FILE_PATH, 'a') != DESCEND_OK ||
        save_with((struct plan){.event = NOTHING}, 'b') != DESCEND_OK || plan.calls != CALLS + 2)
        _exit(2);
    /* a whole file system that cannot be flushed */
    if (save_with((struct plan){FAILS, EIO, CALLS + 2, 0}, 'c') != DESCEND_FILE_WRITE || errno != EIO)
        _exit(3);
    _exit(monochrome(FILE_PATH) == 'c' ? 0 : 4);
}

static void a_directory_that_cannot_be_listed(void **state)
{
    (void)state;
    assert_int_equal(mkdir("hidden", 0777), 0);
    if (geteuid() == 0)
        assert_int_equal(chown("hidden", 65534, 65534), 0);
    const pid_t child = fork();
    if (child == 0)
        in_a_directory_that_cannot_be_listed();
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(chmod("hidden", 0700), 0);
    assert_int_equal(entries("hidden"), 1);
    assert_int_equal(remove("hidden/" FILE_PATH), 0);
    assert_int_equal(remove("hidden"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_fails_in_turn),
        cmocka_unit_test(without_standard_input),
        cmocka_unit_test(a_new_file_that_fails_is_not_there),
        cmocka_unit_test(interrupted_and_short_calls_go_on),
        cmocka_unit_test(a_file_size_limit),
        cmocka_unit_test(killed_at_every_call),
        cmocka_unit_test(permissions_stay),
        cmocka_unit_test(paths),
        cmocka_unit_test(long_names),
        cmocka_unit_test(a_directory_that_cannot_be_listed),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
