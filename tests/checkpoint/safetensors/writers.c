/* SPDX-License-Identifier: MIT */
/* Many threads and processes that save the same file at the same time: each saves a whole one, and a reader always
 * finds one of theirs. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "checkpoint/files.h"
#include "monochrome.h"
#include "test.h"

enum { PROCESSES = 4, THREADS = 4, SAVES = 25 };

struct writer {
    pthread_t thread;
    unsigned char byte;
    descend_status status;
};

static void *save_again_and_again(void *argument)
{
    struct writer *writer = argument;
    for (int i = 0; i < SAVES && writer->status == DESCEND_OK; i++)
        writer->status = monochrome_save(FILE_PATH, writer->byte);
    return NULL;
}

/* Returns whether all of its threads saved all of their files. */
static bool run_writers(unsigned char first)
{
    struct writer writer[THREADS] = {0};
    bool good = true;
    for (unsigned i = 0; i < THREADS; i++) {
        writer[i].byte = (unsigned char)(first + i);
        good &= pthread_create(&writer[i].thread, NULL, save_again_and_again, &writer[i]) == 0;
    }
    for (unsigned i = 0; i < THREADS; i++)
        good &= pthread_join(writer[i].thread, NULL) == 0 && writer[i].status == DESCEND_OK;
    return good;
}

static atomic_bool writing;

static void *read_again_and_again(void *argument)
{
    bool *good = argument;
    do {
        const unsigned char byte = monochrome(FILE_PATH);
        *good &= byte >= 'a' && byte < 'a' + PROCESSES * THREADS;
    } while (writing);
    return NULL;
}

static void everyone_saves(void **state)
{
    (void)state;
    assert_int_equal(monochrome_save(FILE_PATH, 'a'), DESCEND_OK);
    pid_t child[PROCESSES];
    for (unsigned i = 1; i < PROCESSES; i++) {
        child[i] = fork();
        if (child[i] == 0)
            _exit(!run_writers((unsigned char)('a' + i * THREADS)));
        assert_true(child[i] > 0);
    }
    pthread_t reader;
    bool read = true;
    writing = true;
    assert_int_equal(pthread_create(&reader, NULL, read_again_and_again, &read), 0);
    assert_true(run_writers('a'));
    for (unsigned i = 1; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    writing = false;
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_true(read);
    assert_entries(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everyone_saves)};
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
