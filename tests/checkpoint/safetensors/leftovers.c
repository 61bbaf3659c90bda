/* SPDX-License-Identifier: MIT */
/* Temporary files: those of killed processes are removed by the next save, those of living ones never, nor is anything
 * else of the same name. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "checkpoint/files.h"
#include "data.h"
#include "monochrome.h"
#include "test.h"

#define TEMPORARY FILE_PATH ".descend-tmp."

/* Whether a file of this name is there; links are not followed. */
static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* A process that saves one file, or one after another until it is killed. */
static pid_t saver(struct plan what, unsigned char byte, bool for_ever)
{
    const pid_t child = fork();
    if (child == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* not left behind, stopped or busy, by a test that fails */
        plan = what;
        descend_status status;
        do
            status = monochrome_save(FILE_PATH, byte);
        while (for_ever && status == DESCEND_OK);
        _exit(status != DESCEND_OK);
    }
    assert_true(child > 0);
    return child;
}

static void assert_stopped(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    assert_true(WIFSTOPPED(status));
}

static void assert_killed(pid_t child)
{
    int status;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

/* Lets it go on: it has to save its file. */
static void assert_saves(pid_t child)
{
    int status;
    assert_int_equal(kill(child, SIGCONT), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

enum { CREATION = 3, FIRST_WRITE = 6, RENAME = 14 }; /* numbers of calls */

static void living_writers_keep_their_files(void **state)
{
    (void)state;
    static const unsigned moments[] = {FIRST_WRITE, FIRST_WRITE + 3, RENAME};
    for (size_t i = 0; i < COUNT(moments); i++) {
        const struct plan stop = {.event = STOPPED_BEFORE, .at = moments[i]};
        const pid_t first = saver(stop, 'f', false);
        assert_stopped(first);
        const pid_t second = saver(stop, 's', false);
        assert_stopped(second);
        assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
        assert_int_equal(monochrome(FILE_PATH), 'm');
        assert_true(exists(TEMPORARY "0") && exists(TEMPORARY "1"));
        assert_saves(first);
        assert_int_equal(monochrome(FILE_PATH), 'f');
        assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
        assert_saves(second);
        assert_int_equal(monochrome(FILE_PATH), 's');
        assert_entries(1);
    }
}

/* Which another writer then takes for a leftover. */
static void stopped_before_the_lock(void **state)
{
    (void)state;
    const pid_t child = saver((struct plan){.event = STOPPED_AFTER, .at = CREATION}, 'c', false);
    assert_stopped(child);
    assert_true(exists(TEMPORARY "0"));
    assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
    assert_entries(1);
    assert_saves(child);
    assert_int_equal(monochrome(FILE_PATH), 'c');
    assert_entries(1);

    /* or which is the name of another's file when it goes on */
    const pid_t late = saver((struct plan){.event = STOPPED_AFTER, .at = CREATION}, 'l', false);
    assert_stopped(late);
    const pid_t other = saver((struct plan){.event = STOPPED_BEFORE, .at = RENAME}, 'o', false);
    assert_stopped(other);
    assert_saves(late);
    assert_int_equal(monochrome(FILE_PATH), 'l');
    assert_saves(other);
    assert_int_equal(monochrome(FILE_PATH), 'o');
    assert_entries(1);
}

/* Also where locks do not reach: the name of a temporary file leads to another in the end. */
static void a_file_that_others_removed(void **state)
{
    (void)state;
    assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
    for (unsigned replaced = 0; replaced < 2; replaced++) {
        const pid_t child = saver((struct plan){.event = STOPPED_BEFORE, .at = RENAME - 2}, 'c', false);
        assert_stopped(child);
        assert_int_equal(remove(TEMPORARY "0"), 0);
        if (replaced)
            write_bytes(TEMPORARY "0", (struct bytes){(unsigned char *)"half", 4});
        assert_int_equal(kill(child, SIGCONT), 0);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
        assert_int_equal(monochrome(FILE_PATH), 'm');
        assert_entries(1 + replaced);
    }
    assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
    assert_entries(1);
}

/* Until it is whole: then it has those of the file that it replaces. */
static void only_the_owner_may_read_half_a_file(void **state)
{
    (void)state;
    const mode_t mask = umask(0);
    remove(FILE_PATH);
    assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
    const pid_t child = saver((struct plan){.event = STOPPED_BEFORE, .at = FIRST_WRITE}, 'c', false);
    assert_stopped(child);
    struct stat half = {.st_mode = 0}, whole;
    (void)stat(TEMPORARY "0", &half); /* looked at once the child is no longer stopped */
    assert_saves(child);
    assert_int_equal(half.st_mode & 07777, 0600);
    assert_int_equal(stat(FILE_PATH, &whole), 0);
    assert_int_equal(whole.st_mode & 07777, 0666);
    assert_int_equal(remove(FILE_PATH), 0);
    umask(mask);
}

/* Any number of times, over files of any permissions. */
static void killed_again_and_again(void **state)
{
    (void)state;
    static const mode_t modes[] = {0600, 0444, 0200, 0644};
    uint64_t seed = 3;
    for (int i = 0; i < 40; i++) {
        assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
        assert_entries(1);
        assert_int_equal(chmod(FILE_PATH, modes[i % 4]), 0);
        for (int k = 0; k < 3; k++) {
            const unsigned at = FIRST_WRITE + (unsigned)(random_bits(&seed) % (RENAME - FIRST_WRITE + 1));
            const pid_t child = saver((struct plan){.event = STOPPED_BEFORE, .at = at}, 'c', false);
            assert_stopped(child);
            assert_killed(child);
            assert_entries(2);
        }
    }
}

static void many_killed_at_once(void **state)
{
    (void)state;
    enum { SAVERS = 12, ROUNDS = 10 };
    uint64_t seed = 4;
    for (int round = 0; round < ROUNDS; round++) {
        pid_t child[SAVERS];
        for (unsigned i = 0; i < SAVERS; i++)
            child[i] = saver((struct plan){.event = NOTHING}, (unsigned char)('a' + i), true);
        const struct timespec moment = {0, 1000000 + (long)(random_bits(&seed) % 30000000)};
        nanosleep(&moment, NULL);
        for (unsigned i = 0; i < SAVERS; i++)
            assert_killed(child[i]);
        assert_true(entries(".") <= 1 + SAVERS);
        assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
        assert_int_equal(monochrome(FILE_PATH), 'm');
        assert_entries(1);
    }
}

/* What is there under the temporary names and is no file is passed over. */
static void no_files(void **state)
{
    (void)state;
    write_bytes("else", (struct bytes){(unsigned char *)"else", 4});
    assert_int_equal(mkdir(TEMPORARY "0", 0777), 0);
    assert_int_equal(mkfifo(TEMPORARY "1", 0666), 0);
    assert_int_equal(symlink("else", TEMPORARY "2"), 0);
    assert_int_equal(symlink("nothing", TEMPORARY "3"), 0);
    assert_int_equal(monochrome_save(FILE_PATH, 'm'), DESCEND_OK);
    assert_int_equal(monochrome(FILE_PATH), 'm');
    assert_entries(6);
    struct stat status;
    assert_int_equal(stat("else", &status), 0);
    assert_int_equal(status.st_size, 4);
    static const char *const names[] = {TEMPORARY "0", TEMPORARY "1", TEMPORARY "2", TEMPORARY "3"};
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(remove(names[i]), 0);
    assert_int_equal(remove("else"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(living_writers_keep_their_files),
        cmocka_unit_test(stopped_before_the_lock),
        cmocka_unit_test(a_file_that_others_removed),
        cmocka_unit_test(only_the_owner_may_read_half_a_file),
        cmocka_unit_test(killed_again_and_again),
        cmocka_unit_test(many_killed_at_once),
        cmocka_unit_test(no_files),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
