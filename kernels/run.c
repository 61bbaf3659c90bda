#include "run.h"

#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "cpu.h"

enum {
    SERIAL_BELOW = 32768, /* descend_exec.serial_below's built-in value; docs/performance.md has the measurement */
    THREADS_MAX = 64      /* unless there are more processors: libgomp ends the process if it cannot start a thread */
};

static size_t blocks(size_t n)
{
    return n / BLOCK + (n % BLOCK != 0);
}

void descend_slice(size_t n, unsigned slice, unsigned slices, size_t *begin, size_t *end)
{
    if (slices <= 1) { /* small calls come here: spare them the divisions */
        *begin = slice == 0 ? 0 : n;
        *end = n;
        return;
    }
    const size_t part = slice < slices ? slice : slices;
    const size_t each = blocks(n) / slices, one_more = blocks(n) % slices; /* the first one_more slices have each + 1 */
    const size_t first = part * each + (part < one_more ? part : one_more);
    const size_t beyond = part == slices ? first : first + each + (part < one_more);
    *begin = first < blocks(n) ? first * BLOCK : n;
    *end = beyond < blocks(n) ? beyond * BLOCK : n;
}

#ifdef _OPENMP
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

/* Every call into OpenMP stands between feholdexcept and fesetenv, for runtimes compute too, at least when they are
 * entered for the first time: with exceptions masked that neither traps nor leaves flags behind. Rounding and flush to
 * zero stay the caller's, so that threads started there inherit them. (libomp gives its threads, at every region, the
 * whole environment of the thread that opens it; libgomp's keep what they have, in this case with exceptions masked.) */

/* The size of the team to ask for, if the work were endless. */
static unsigned largest_team(unsigned asked)
{
    if (asked == 0 && omp_in_parallel())
        return 1;
    const unsigned threads = asked ? asked : (unsigned)omp_get_max_threads();
    if (threads <= THREADS_MAX) /* finding the number of processors is a system call */
        return threads;
    const unsigned processors = (unsigned)omp_get_num_procs();
    const unsigned most = processors > THREADS_MAX ? processors : THREADS_MAX;
    return threads < most ? threads : most;
}

static unsigned openmp_threads(size_t n, const descend_exec *exec)
{
    const size_t serial_below = exec->serial_below ? exec->serial_below : SERIAL_BELOW;
    if (exec->threads == 1 || n < serial_below || atomic_load_explicit(&forked, memory_order_relaxed))
        return 1;
    fenv_t callers;
    feholdexcept(&callers);
    const unsigned threads = largest_team(exec->threads);
    fesetenv(&callers);
    return threads < blocks(n) ? threads : (unsigned)blocks(n);
}
#else
static unsigned openmp_threads(size_t n, const descend_exec *exec)
{
    (void)n, (void)exec;
    return 1;
}
#endif

unsigned descend_run_tasks(size_t n, const descend_exec *exec)
{
    if (exec->slices > 0)
        return 0;
    if (exec->run)
        return n < exec->serial_below ? 0 : exec->threads;
    const unsigned threads = openmp_threads(n, exec);
    return threads > 1 ? threads : 0;
}

descend_status descend_run_check(const descend_exec *exec)
{
    for (size_t i = 0; i < sizeof exec->reserved / sizeof *exec->reserved; i++)
        if (exec->reserved[i] != 0)
            return DESCEND_BAD_RESERVED;
    if (exec->slice >= exec->slices && (exec->slice | exec->slices) != 0)
        return DESCEND_BAD_SLICE;
    if (exec->slices > 0 && (exec->threads != 0 || exec->run))
        return DESCEND_BAD_SPLIT;
    if (exec->run && exec->threads == 0)
        return DESCEND_BAD_THREADS;
    return DESCEND_OK;
}

/* The work of one call, shared by its tasks. */
struct job {
    descend_part *part;
    void *work;
    unsigned parts;
    _Atomic uint64_t done; /* the sum of done_by over the caller's tasks */
};

struct guarded_part {
    const struct job *job;
    unsigned index;
};

static void do_guarded(void *context)
{
    const struct guarded_part *part = context;
    part->job->part(part->job->work, part->index, part->job->parts);
}

static void do_part(const struct job *job, unsigned index)
{
    struct guarded_part part = {job, index};
    descend_guarded(do_guarded, &part);
}

/* The index counts as well: or else one task called twice would make up for another that was never called. */
static uint64_t done_by(unsigned index)
{
    return (uint64_t)index << 32 | 1;
}

/* What the caller's run calls. Ignores an index that does not exist, which it may pass. Relaxed, since run has to wait
 * for its threads in any case: they have written the arrays. */
static void do_task(void *work, unsigned index)
{
    struct job *job = work;
    if (index >= job->parts)
        return;
    do_part(job, index);
    atomic_fetch_add_explicit(&job->done, done_by(index), memory_order_relaxed);
}

static bool do_tasks(struct job *job, const descend_exec *exec)
{
    const uint64_t parts = job->parts, sum_of_indices = parts * (parts - 1) / 2;
    exec->run(exec->pool, do_task, job, job->parts);
    return atomic_load_explicit(&job->done, memory_order_relaxed) == (sum_of_indices << 32) + parts;
}

#ifdef _OPENMP
/* Not inlined: clang enters the runtime at the beginning of a function that has a region. */
__attribute__((noinline)) static void open_region(const struct job *job)
{
#pragma omp parallel num_threads((int)job->parts)
    {
        /* OpenMP may give fewer threads than asked for. */
        const unsigned team = (unsigned)omp_get_num_threads();
        for (unsigned index = (unsigned)omp_get_thread_num(); index < job->parts; index += team)
            do_part(job, index);
    }
}

static void do_region(const struct job *job)
{
    fenv_t callers;
    feholdexcept(&callers);
    open_region(job);
    fesetenv(&callers);
}
#else
static void do_region(const struct job *job)
{
    (void)job; /* not reached: openmp_threads is 1 */
}
#endif

bool descend_run(descend_part *part, void *work, size_t n, const descend_exec *exec)
{
    struct job job = {.part = part, .work = work, .parts = descend_run_tasks(n, exec)};
    if (job.parts > 0 && exec->run)
        return do_tasks(&job, exec);
    if (job.parts > 0) {
        do_region(&job);
        return true;
    }
    job.parts = exec->slices > 0 ? exec->slices : 1;
    do_part(&job, exec->slice);
    return true;
}
