/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* syscall */
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

struct trial {
    unsigned count;
    long thread; /* the kernel's number of the first one */
};

/* A thread that has been joined still counts against the limits until the kernel has forgotten its number. The number
 * of tries is for debuggers, which may keep it. */
static void wait_until_gone(long thread)
{
    enum { TRIES = 1000 };
    for (int i = 0; i < TRIES && syscall(SYS_tgkill, getpid(), thread, 0) == 0; i++)
        sched_yield();
}

/* Returns its argument if all threads that it stands for could be started. */
static void *in_thread(void *argument)
{
    struct trial *trial = argument;
    trial->thread = syscall(SYS_gettid);
    return descend_threads_available(trial->count - 1) ? trial : NULL;
}

/* Each thread starts the next one and waits for it: so all are there at once, and none has to be remembered. */
bool descend_threads_available(unsigned count)
{
    struct trial trial = {.count = count};
    pthread_t first;
    void *good;
    if (count == 0)
        return true;
    if (pthread_create(&first, NULL, in_thread, &trial) != 0)
        return false;
    pthread_join(first, &good);
    wait_until_gone(trial.thread);
    return good != NULL;
}
