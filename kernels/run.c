/* SPDX-License-Identifier: MIT */
#include "run.h"

#include <limits.h>
#include <stdatomic.h>

#include "cpu.h"
#include "gain.h"
#include "openmp.h"

enum {
    SERIAL_BELOW = 32768 /* descend_exec.serial_below's built-in value; docs/performance.md has the measurement */
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

/* One account for each power of two: what small calls lose must not make large ones serial. */
static struct descend_gain *gain_of(size_t n)
{
    static struct descend_gain gains[sizeof(unsigned long long) * CHAR_BIT];
    return &gains[__builtin_clzll(n)];
}

static unsigned openmp_tasks(size_t n, const descend_exec *exec)
{
    const size_t serial_below = exec->serial_below ? exec->serial_below : SERIAL_BELOW;
    if (n < serial_below)
        return 0;
    const unsigned threads = descend_openmp_threads(exec->threads);
    const unsigned tasks = threads < blocks(n) ? threads : (unsigned)blocks(n);
    if (tasks <= 1 || (exec->threads == 0 && !descend_gain_expected(gain_of(n))))
        return 0;
    return tasks;
}

unsigned descend_run_tasks(size_t n, const descend_exec *exec)
{
    if (exec->slices > 0)
        return 0;
    if (exec->run)
        return n < exec->serial_below ? 0 : exec->threads;
    return openmp_tasks(n, exec);
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

struct guarded_part {
    descend_part *part;
    void *work;
    unsigned index, parts;
};

static void do_guarded(void *context)
{
    const struct guarded_part *guarded = context;
    guarded->part(guarded->work, guarded->index, guarded->parts);
}

void descend_run_part(descend_part *part, void *work, unsigned index, unsigned parts)
{
    struct guarded_part guarded = {part, work, index, parts};
    descend_guarded(do_guarded, &guarded);
}

/* The work of one call, shared by the tasks of the caller's run. */
struct job {
    descend_part *part;
    void *work;
    unsigned parts;
    atomic_uint done;    /* how many of the tasks */
    atomic_uint indices; /* the sum of their numbers: or one task called twice would stand for another, never called */
};

/* What the caller's run calls. Ignores an index that does not exist, which it may pass. Relaxed, since run has to wait
 * for its threads in any case: they have written the arrays. */
static void do_task(void *work, unsigned index)
{
    struct job *job = work;
    if (index >= job->parts)
        return;
    descend_run_part(job->part, job->work, index, job->parts);
    atomic_fetch_add_explicit(&job->done, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&job->indices, index, memory_order_relaxed);
}

static bool do_tasks(struct job *job, const descend_exec *exec)
{
    const uint64_t parts = job->parts;
    exec->run(exec->pool, do_task, job, job->parts);
    return atomic_load_explicit(&job->done, memory_order_relaxed) == parts &&
           atomic_load_explicit(&job->indices, memory_order_relaxed) == (unsigned)(parts * (parts - 1) / 2);
}

/* On threads that the library chose. On one the call would have taken as long as its parts one after the other; the
 * first one stands for all. */
static void do_watched(descend_part *part, void *work, unsigned parts, size_t n)
{
    struct descend_region_times times = {.usual = false};
    descend_openmp_region(part, work, parts, &times);
    if (times.usual)
        descend_gain_note(gain_of(n), times.whole, parts * times.first);
}

struct decision {
    size_t n;
    const descend_exec *exec;
    unsigned tasks;
};

static void decide(void *context)
{
    struct decision *decision = context;
    decision->tasks = descend_run_tasks(decision->n, decision->exec);
}

bool descend_run(descend_part *part, void *work, size_t n, const descend_exec *exec)
{
    struct decision decision = {.n = n, .exec = exec};
    descend_guarded(decide, &decision);
    if (decision.tasks > 0 && exec->run)
        return do_tasks(&(struct job){.part = part, .work = work, .parts = decision.tasks}, exec);
    if (decision.tasks == 0)
        descend_run_part(part, work, exec->slice, exec->slices > 0 ? exec->slices : 1);
    else if (exec->threads == 0)
        do_watched(part, work, decision.tasks, n);
    else
        descend_openmp_region(part, work, decision.tasks, NULL);
    return true;
}
