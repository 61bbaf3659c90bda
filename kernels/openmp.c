/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* dladdr */
#include "openmp.h"

static void do_here(descend_task *task, void *work, unsigned tasks)
{
    for (unsigned index = 0; index < tasks; index++)
        task(work, index);
}

#ifdef _OPENMP
#include <dlfcn.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "cpu.h"
#include "threads.h"

enum {
    THREADS_MAX = 64, /* unless there are more processors: more would not be faster */
    CALLS_REFUSED = 1000
};

/* Whether this process was forked. OpenMP's threads do not exist in a forked child, but libgomp would wait for them if
 * the parent ever ran a parallel region, the library's or the trainer's. Safe: the child writes it before it can have a
 * second thread. */
static atomic_bool forked;

static void mark_forked(void)
{
    atomic_store(&forked, true);
}

__attribute__((constructor)) static void watch_for_fork(void)
{
    if (pthread_atfork(NULL, NULL, mark_forked) != 0)
        mark_forked();
}

/* OpenMP's threads wait for the next region in the runtime's code, and die where that is unloaded. So from the first
 * use on, what has the library in it, a shared library or a plugin, stays loaded, and with it the runtime that it needs
 * and what it knows of forks. A program itself is not found by its name, and needs nothing. */
static void stay_loaded(void)
{
    Dl_info self;
    if (dladdr(&forked, &self))
        (void)dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

/* Every call into OpenMP is made by descend_masked, for runtimes compute too, at least when they are entered for the first
 * time: with exceptions masked that neither traps nor leaves flags behind. Rounding and flush to zero stay the caller's,
 * so that threads started there inherit them. (libomp gives its threads, at every region, the whole environment of the
 * thread that opens it; libgomp's keep what they have, in this case with exceptions masked.) */

static void find_threads(void *context)
{
    unsigned *threads = context; /* as asked for, then as many as there may be */
    if (*threads == 0)
        *threads = omp_in_parallel() ? 1 : (unsigned)omp_get_max_threads();
    if (*threads <= THREADS_MAX) /* finding the number of processors is a system call */
        return;
    const unsigned processors = (unsigned)omp_get_num_procs();
    const unsigned most = processors > THREADS_MAX ? processors : THREADS_MAX;
    *threads = *threads < most ? *threads : most;
}

unsigned descend_openmp_threads(unsigned asked)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    unsigned threads = asked;
    if (asked == 1 || atomic_load_explicit(&forked, memory_order_relaxed))
        return 1;
    pthread_once(&once, stay_loaded);
    descend_masked(find_threads, &threads);
    return threads;
}

struct region {
    descend_task *task;
    void *work;
    unsigned tasks;
};

/* A function of its own: clang enters the runtime at the beginning of one that has a region. */
static void open_region(void *context)
{
    const struct region *region = context;
#pragma omp parallel num_threads((int)region->tasks)
    {
        /* OpenMP may give fewer threads than asked for. */
        const unsigned team = (unsigned)omp_get_num_threads();
        for (unsigned index = (unsigned)omp_get_thread_num(); index < region->tasks; index += team)
            region->task(region->work, index);
    }
}

/* Whether OpenMP can have a team of this size. Both runtimes end the process if they cannot start a thread, so that is
 * tried beforehand: once for a size, since they keep the threads that they have started, and for each calling thread,
 * since libgomp keeps them for each. */
static bool can_have(unsigned threads)
{
    static _Thread_local unsigned had = 1, refused;
    if (threads <= had)
        return true;
    if (refused > 0) {
        refused--;
        return false;
    }
    if (descend_threads_available(threads - had))
        had = threads;
    else
        refused = CALLS_REFUSED; /* for so many calls: a trial takes much longer than a small step */
    return threads <= had;
}

void descend_openmp_region(descend_task *task, void *work, unsigned tasks)
{
    struct region region = {task, work, tasks};
    if (can_have(tasks))
        descend_masked(open_region, &region);
    else
        do_here(task, work, tasks);
}
#else
unsigned descend_openmp_threads(unsigned asked)
{
    (void)asked;
    return 1;
}

void descend_openmp_region(descend_task *task, void *work, unsigned tasks)
{
    do_here(task, work, tasks);
}
#endif
