/* SPDX-License-Identifier: MIT */
/* The first call of a process, which starts OpenMP's runtime, leaves the caller's floating-point environment as it is
 * and cannot trap in it; the threads that it starts inherit it; and it does not enter the runtime where it needs no
 * thread of it. Each case is a process of its own: this program with the case in its arguments. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "data.h"
#include "descend/optimizer.h"
#include "environment.h"
#include "test.h"

enum { N = 100000, THREADS = 3 };

static float param[N], grad[N];

static void run_here(void *pool, descend_task *task, void *work, unsigned tasks)
{
    (void)pool;
    for (unsigned i = 0; i < tasks; i++)
        task(work, i);
}

static const struct how {
    const char *name;
    descend_exec exec;
    bool by_openmp;
} hows[] = {
    {"the defaults", {0}, true},
    {"threads", {.threads = THREADS, .serial_below = 1}, true},
    {"one thread", {.threads = 1}, false},
    {"a slice", {.slices = 2}, false},
    {"run", {.threads = THREADS, .run = run_here}, false},
};

typedef descend_status first_call(descend_optimizer *optimizer, const descend_exec *exec);

static descend_status flat_step(descend_optimizer *optimizer, const descend_exec *exec)
{
    (void)optimizer;
    const descend_sgd config = descend_sgd_defaults();
    return descend_sgd_step(&config, 1, param, grad, NULL, N, exec);
}

static const struct {
    const char *name;
    first_call *call;
} whats[] = {{"a flat step", flat_step}, {"zero_grad", descend_optimizer_zero_grad}};

static const struct {
    const char *name;
    int rounding;
    bool flush, unmasked;
} environments[] = {{"unmasked", FE_TONEAREST, false, true}, {"flush to zero, upward", FE_UPWARD, true, false}};

/* Whether all threads of the trainer's next region have this control register, but for sticky flags. */
static bool inherited(struct environment expected)
{
    int others = 0;
#ifdef _OPENMP
#pragma omp parallel num_threads(THREADS) reduction(+ : others)
    {
        const uint64_t flags = 0x3f;
        const struct environment mine = environment_get();
        others += (mine.control & ~flags) != (expected.control & ~flags);
    }
#endif
    (void)expected;
    return others == 0;
}

/* libomp reads OMP_NUM_THREADS when it is first entered; libgomp when it is loaded, so that it cannot be asked. */
static bool not_entered(void)
{
#if defined(_OPENMP) && defined(__clang__)
    setenv("OMP_NUM_THREADS", "7", 1);
    return omp_get_max_threads() == 7;
#endif
    return true;
}

/* In the process of a case. */
static int first_call_of_process(size_t how, size_t what, size_t which)
{
    const struct environment before = environment_get();
    struct environment callers =
        environment_with(environments[which].rounding, environments[which].flush, environments[which].unmasked);
    const descend_config config = descend_config_defaults(DESCEND_SGD);
    const descend_tensor tensor = {.name = "a", .n = N, .param.data = param, .grad.data = grad};
    descend_optimizer *optimizer;
    if (descend_optimizer_create(&optimizer, &config) != DESCEND_OK ||
        descend_optimizer_add(optimizer, 0, &tensor, 1) != DESCEND_OK)
        return 1;
    environment_set(callers);
    const descend_status status = whats[what].call(optimizer, &hows[how].exec);
    const struct environment after = environment_get();
    environment_set(before);
    descend_optimizer_destroy(optimizer);
    if (status != DESCEND_OK)
        return 2;
    if (after.control != callers.control || after.status != callers.status)
        return 3;
    if (!hows[how].by_openmp && !not_entered())
        return 4;
    environment_set(callers);
    const bool same = environments[which].unmasked || !hows[how].by_openmp || inherited(callers);
    environment_set(before);
    return same ? 0 : 5;
}

static const char *const outcomes[] = {"good",
                                       "cannot prepare",
                                       "an error",
                                       "the environment is another",
                                       "OpenMP was entered",
                                       "OpenMP's threads have another environment"};

static void check_process(size_t how, size_t what, size_t which, bool dynamic)
{
    char program[] = "/proc/self/exe", how_text[8], what_text[8], which_text[8];
    char *arguments[] = {program, how_text, what_text, which_text, NULL};
    pid_t child;
    int status;
    snprintf(how_text, sizeof how_text, "%zu", how);
    snprintf(what_text, sizeof what_text, "%zu", what);
    snprintf(which_text, sizeof which_text, "%zu", which);
    setenv("OMP_DYNAMIC", dynamic ? "true" : "false", 1);
    assert_int_equal(posix_spawn(&child, program, NULL, NULL, arguments, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    const int outcome = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (outcome != 0)
        fail_msg("%s by %s, %s, OMP_DYNAMIC %s: %s", whats[what].name, hows[how].name, environments[which].name,
                 dynamic ? "true" : "false",
                 outcome > 0 && outcome < (int)COUNT(outcomes) ? outcomes[outcome] : "killed by a signal");
}

static void check_environment(size_t which)
{
    for (size_t how = 0; how < COUNT(hows); how++)
        for (size_t what = 0; what < COUNT(whats); what++) {
            check_process(how, what, which, false);
            check_process(how, what, which, true);
        }
}

static void unmasked(void **state)
{
    (void)state;
    if (!environment_can_trap()) {
        printf("skipped: this machine or emulator never traps\n");
        skip();
    }
    check_environment(0);
}

static void flushing(void **state)
{
    (void)state;
    check_environment(1);
}

int main(int argc, char **argv)
{
    if (argc == 4)
        return first_call_of_process(strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10),
                                     strtoul(argv[3], NULL, 10));
    const struct CMUnitTest tests[] = {cmocka_unit_test(unmasked), cmocka_unit_test(flushing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
