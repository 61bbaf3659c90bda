/* SPDX-License-Identifier: MIT */
/* A step where the system does not let the process have the threads: it is done, and the process lives on. Each case is
 * a process of its own with such a limit: this program with the case in its argument. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data.h"
#include "process.h"
#include "sanitizers.h"
#include "test.h"
#include "threads.h"

#ifdef _OPENMP
enum { TEAM = 4 };
#else
enum { TEAM = 1 };
#endif

enum { N = 100000, THREADS = 4, STEPS = 3, TRIALS = 20000, NOT_LIMITED = 77 };

struct limit {
    const char *name;
    void (*check)(const struct limit *limit); /* ends the process: 0 is good */
    unsigned threads;                         /* how many it may have, its first one included; 0: no limit */
    unsigned expected;
};

/* Whether the process can have no more than that from now on. Root is not limited, so root becomes a user that has
 * nothing running; any other user has too much for the small limits to be exact. */
static bool set_limit(unsigned threads)
{
    const struct rlimit limit = {threads, threads};
    const uid_t user = 1000000000u + (uid_t)getpid();
    if (geteuid() != 0)
        return threads == 0 || (threads == 1 && setrlimit(RLIMIT_NPROC, &limit) == 0);
    return threads == 0 || (setresuid(user, user, user) == 0 && setrlimit(RLIMIT_NPROC, &limit) == 0);
}

/* Ends without the handlers of exit: a sanitizer's want threads. */
static void check_steps(const struct limit *limit)
{
    static const descend_exec split = {.threads = THREADS, .serial_below = 1};
    size_t count;
    const struct configuration *configuration = &configurations(&count)[0];
    struct arrays arrays = arrays_new(N), expected = arrays_new(N);
    const unsigned before = threads_alive();
    arrays_fill(configuration, &arrays, ORDINARY, 1);
    arrays_fill(configuration, &expected, ORDINARY, 1);
    for (uint64_t step = 1; step <= STEPS; step++)
        arrays_step(configuration, step, &expected, &(descend_exec){.threads = 1});
    if (!set_limit(limit->threads))
        _exit(NOT_LIMITED);
    for (uint64_t step = 1; step <= STEPS; step++)
        if (arrays_step(configuration, step, &arrays, &split) != DESCEND_OK)
            _exit(1);
    for (size_t k = 0; k < STATE + configuration->states; k++)
        if (first_difference(arrays.array[k], expected.array[k], N) != N)
            _exit(2);
    _exit(threads_alive() - before + 1 == limit->expected ? 0 : 3);
}

/* A thread that has ended counts for a while: a trial must not leave one behind. */
static void check_trials(const struct limit *limit)
{
    if (!set_limit(limit->threads))
        _exit(NOT_LIMITED);
    for (int i = 0; i < TRIALS; i++)
        if (!descend_threads_available(limit->expected - 1))
            _exit(3);
    _exit(descend_threads_available(limit->expected) ? 3 : 0);
}

static const struct limit limits[] = {
    {"no limit", check_steps, 0, TEAM},           {"no other thread", check_steps, 1, 1},
    {"one too few", check_steps, THREADS - 1, 1}, {"just enough", check_steps, THREADS, TEAM},
    {"many trials", check_trials, 2, 2},
};

static void check_limit(size_t number)
{
    static const char *const outcomes[] = {"good", "an error", "other bits", "another number of threads"};
    char program[] = "/proc/self/exe", text[8];
    char *arguments[] = {program, text, NULL};
    pid_t child;
    int status;
    snprintf(text, sizeof text, "%zu", number);
    assert_int_equal(posix_spawn(&child, program, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    const int outcome = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (outcome == NOT_LIMITED)
        printf("skipped: %s: this user cannot be limited so\n", limits[number].name);
    else if (outcome != 0)
        fail_msg("%s: %s (status %d)", limits[number].name,
                 outcome > 0 && outcome < (int)COUNT(outcomes) ? outcomes[outcome] : "the process ended", status);
}

static void steps_under_limits(void **state)
{
    (void)state;
    for (size_t number = 0; number < COUNT(limits); number++)
        check_limit(number);
}

int main(int argc, char **argv)
{
    const size_t number = argc == 2 ? strtoul(argv[1], NULL, 10) : COUNT(limits);
    if (number < COUNT(limits))
        limits[number].check(&limits[number]);
    if (THREAD_SANITIZER) {
        printf("skipped: ThreadSanitizer has a thread of its own\n");
        return 0;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_under_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
