#include "run.h"

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

static unsigned openmp_threads(size_t n, const descend_exec *exec)
{
    const size_t serial_below = exec->serial_below ? exec->serial_below : SERIAL_BELOW;
    if (exec->threads == 1 || n < serial_below || atomic_load_explicit(&forked, memory_order_relaxed))
        return 1;
    if (exec->threads == 0 && omp_in_parallel())
        return 1;

    unsigned threads = exec->threads ? exec->threads : (unsigned)omp_get_max_threads();
    if (threads > THREADS_MAX) { /* finding the number of processors is a system call */
        const unsigned processors = (unsigned)omp_get_num_procs();
        const unsigned most = processors > THREADS_MAX ? processors : THREADS_MAX;
        threads = threads < most ? threads : most;
    }
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

/* Ignores an index that does not exist, which the caller's run may pass. */
static void do_part(void *work, unsigned index)
{
    struct guarded_part part = {work, index};
    if (index < part.job->parts)
        descend_guarded(do_guarded, &part);
}

static void do_parts(struct job *job, const descend_exec *exec)
{
    if (exec->run) {
        exec->run(exec->pool, do_part, job, job->parts);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel num_threads((int)job->parts)
    {
        /* OpenMP may give fewer threads than asked for. */
        const unsigned team = (unsigned)omp_get_num_threads();
        for (unsigned index = (unsigned)omp_get_thread_num(); index < job->parts; index += team)
            do_part(job, index);
    }
#endif
}

void descend_run(descend_part *part, void *work, size_t n, const descend_exec *exec)
{
    struct job job = {part, work, descend_run_tasks(n, exec)};
    if (job.parts > 0) {
        do_parts(&job, exec);
        return;
    }
    job.parts = exec->slices > 0 ? exec->slices : 1;
    do_part(&job, exec->slice);
}
