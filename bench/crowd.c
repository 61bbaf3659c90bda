/* SPDX-License-Identifier: MIT */
#include "crowd.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "descend/descend.h"
#include "gbench.h"
#include "machine.h"
#include "memory.h"
#include "pair.h"

enum { N = 203530, HOGS_MAX = 256, TURNS = 20 };

static const double turn_seconds = 0.1;

/* The default number of threads against another, beside so many programs that want a processor for good. */
struct row {
    const char *name;
    unsigned hogs, threads;
};

struct run {
    struct memory memory;
    uint64_t step;
    descend_status status;
};

/* All steps of one kind. Their mean counts: few of them wait for a processor, but these for long. */
struct sum {
    double seconds;
    unsigned steps;
};

static void start_hogs(pid_t *hogs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        hogs[i] = fork();
        if (hogs[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (volatile unsigned long turn = 0;; turn++)
                ;
        }
    }
}

static void stop_hogs(const pid_t *hogs, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (hogs[i] > 0) {
            kill(hogs[i], SIGKILL);
            waitpid(hogs[i], NULL, 0);
        }
}

static void take_turn(struct run *run, const descend_exec *exec, struct sum *sum)
{
    const descend_adam config = descend_adam_defaults();
    float *const *array = run->memory.array;
    const double until = sum->seconds + turn_seconds;
    while (sum->seconds < until && run->status == DESCEND_OK) {
        const double start = pair_now();
        run->status = descend_adam_step(&config, ++run->step, array[0], array[1], array[2], array[3], NULL, N, exec);
        sum->seconds += pair_now() - start;
        sum->steps++;
    }
}

static void crowd(struct gbench_state *state, const void *context)
{
    const struct row *row = context;
    const descend_exec other = {.threads = row->threads};
    pid_t hogs[HOGS_MAX];
    struct run run = {.step = 0, .status = DESCEND_OK};
    struct sum chosen = {0}, given = {0};
    if (!memory_new(&run.memory, N)) {
        gbench_skip(state, "out of memory");
        return;
    }
    start_hogs(hogs, row->hogs);
    while (gbench_next(state, 1)) {
        take_turn(&run, NULL, &chosen);
        gbench_pause(state);
        take_turn(&run, &other, &given);
        gbench_resume(state);
    }
    stop_hogs(hogs, row->hogs);
    memory_free(&run.memory);
    if (pair_good(state, true, run.status)) {
        gbench_counter(state, "ns/step", 1e9 * chosen.seconds / chosen.steps);
        gbench_counter(state, "of_given", chosen.seconds / chosen.steps / (given.seconds / given.steps));
    }
}

void crowd_register(void)
{
    const unsigned threads = machine_threads();
    const struct row rows[] = {
        {"crowd/0/against-all-threads", 0, threads},
        {"crowd/1/against-one-thread", threads, 1},
        {"crowd/2/against-one-thread", 2 * threads, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows && rows[i].hogs <= HOGS_MAX; i++)
        gbench_register(&(struct gbench_benchmark){.name = rows[i].name,
                                                   .function = crowd,
                                                   .context = &rows[i],
                                                   .context_size = sizeof rows[i],
                                                   .iterations = TURNS});
}
