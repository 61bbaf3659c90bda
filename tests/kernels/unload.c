/* SPDX-License-Identifier: MIT */
/* A host that loads the library, takes a step on OpenMP's threads and unloads it, again and again: the threads outlive
 * that, and a child forked in between works too. The argument is the file to load: the shared library, or a plugin with
 * the static one in it. The host itself has neither the library nor OpenMP. */
#include <dlfcn.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descend/descend.h"
#include "test.h"

enum { N = 4 * 4096, THREADS = 4, ROUNDS = 60, SECONDS = 20 };

static const char *file;

/* One step by this copy of the library; the gradients are 1. */
static descend_status step(void *library)
{
    static const descend_exec exec = {.threads = THREADS, .serial_below = 1};
    float param[N] = {0}, grad[N];
    descend_sgd (*defaults)(void);
    descend_status (*sgd_step)(const descend_sgd *, uint64_t, float *, const float *, float *, size_t,
                               const descend_exec *);
    *(void **)&defaults = dlsym(library, "descend_sgd_defaults");
    *(void **)&sgd_step = dlsym(library, "descend_sgd_step");
    for (size_t i = 0; i < N; i++)
        grad[i] = 1;
    const descend_sgd config = defaults();
    return sgd_step(&config, 1, param, grad, NULL, N, &exec);
}

static void *load(void)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        fail_msg("%s", dlerror());
    return library;
}

/* OpenMP has threads for each thread that calls it. */
static void *step_elsewhere(void *library)
{
    return step(library) == DESCEND_OK ? library : NULL;
}

/* A child that steps, by a library that it loads itself if none is given. A hang ends in SIGALRM. */
static void step_in_child(void *library)
{
    int status;
    const pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        if (library == NULL)
            library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        _exit(library && step(library) == DESCEND_OK ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void steps_between_unloads(void **state)
{
    (void)state;
    assert_int_equal(dlclose(load()), 0);
    step_in_child(NULL); /* what the library registered for forks has gone with it */
    for (unsigned round = 0; round < ROUNDS; round++) {
        void *library = load(), *good = NULL;
        pthread_t elsewhere;
        assert_int_equal(step(library), DESCEND_OK);
        if (round % 3 == 1) {
            assert_int_equal(pthread_create(&elsewhere, NULL, step_elsewhere, library), 0);
            assert_int_equal(pthread_join(elsewhere, &good), 0);
            assert_non_null(good);
        }
        if (round % 10 == 3)
            step_in_child(library);
        assert_int_equal(dlclose(library), 0);
        if (round % 10 == 6)
            step_in_child(NULL);
        usleep(round % 4 * 2000); /* waiting threads spin at first, then sleep */
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_between_unloads)};
    if (argc != 2)
        return 2;
    file = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
