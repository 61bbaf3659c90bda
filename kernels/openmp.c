/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* dladdr */
#include "openmp.h"

static void do_here(descend_part *part, void *work, unsigned parts)
{
    for (unsigned index = 0; index < parts; index++)
        descend_run_part(part, work, index, parts);
}

#ifdef _OPENMP
#include <dlfcn.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

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

unsigned descend_openmp_threads(unsigned asked)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    if (asked == 1 || atomic_load_explicit(&forked, memory_order_relaxed))
        return 1;
    pthread_once(&once, stay_loaded);
    if (asked == 0 && omp_in_parallel())
        return 1;
    const unsigned threads = asked ? asked : (unsigned)omp_get_max_threads();
    if (threads <= THREADS_MAX) /* finding the number of processors is a system call */
        return threads;
    const unsigned processors = (unsigned)omp_get_num_procs();
    const unsigned most = processors > THREADS_MAX ? processors : THREADS_MAX;
    return threads < most ? threads : most;
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

struct region {
    descend_part *part;
    void *work;
    unsigned parts;
    struct descend_region_times *times;
};

static void do_first(const struct region *region)
{
    const uint64_t start = region->times ? now() : 0;
    descend_run_part(region->part, region->work, 0, region->parts);
    if (region->times)
        region->times->first = now() - start;
}

/* A function of its own: clang enters the runtime at the beginning of one that has a region. OpenMP hands
 * out the parts, the first to the calling thread. No thread asks for its number: where a program has two OpenMP
 * runtimes, the other one may answer. */
static void open_region(void *context)
{
    const struct region region = *(const struct region *)context;
#pragma omp parallel for schedule(static, 1) num_threads((int)region.parts) \
    firstprivate(region) /* it then stands with what OpenMP hands over */
    for (unsigned index = 0; index < region.parts; index++)
        if (index == 0)
            do_first(&region);
        else
            descend_run_part(region.part, region.work, index, region.parts);
}

/* The size of the largest team that the calling thread has had. */
static _Thread_local unsigned had = 1;

/* Whether OpenMP can have a team of this size. Both runtimes end the process if they cannot start a thread, so that is
 * tried beforehand: once for a size, since they keep the threads that they have started, and for each calling thread,
 * since libgomp keeps them for each. */
static bool can_have(unsigned threads)
{
    static _Thread_local unsigned refused;
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

/* Masked: with libomp, threads have the environment of the one that opens the region, at each region; with libgomp that
 * of the one that started them. */
void descend_openmp_region(descend_part *part, void *work, unsigned parts, struct descend_region_times *times)
{
    struct region region = {part, work, parts, times};
    const uint64_t start = times ? now() : 0;
    const bool usual = parts <= had;
    if (can_have(parts))
        descend_masked(open_region, &region);
    else
        do_here(part, work, parts);
    if (times) {
        times->whole = now() - start;
        times->usual = usual;
    }
}
#else
unsigned descend_openmp_threads(unsigned asked)
{
    (void)asked;
    return 1;
}

void descend_openmp_region(descend_part *part, void *work, unsigned parts, struct descend_region_times *times)
{
    (void)times;
    do_here(part, work, parts);
}
#endif
