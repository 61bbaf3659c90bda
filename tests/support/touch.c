/* SPDX-License-Identifier: MIT */
#include "touch.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *start;
static size_t page, pages;
static _Atomic long toucher[TOUCH_PAGES_MAX]; /* thread ids; 0: none */
static struct sigaction before;

static long thread_id(void)
{
    return syscall(SYS_gettid);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)context;
    const size_t index = ((uintptr_t)info->si_addr - (uintptr_t)start) / page;
    if (start == NULL || (uintptr_t)info->si_addr < (uintptr_t)start || index >= pages) {
        sigaction(number, &before, NULL); /* not ours: the access faults again, for the handler before */
        return;
    }
    long none = 0;
    atomic_compare_exchange_strong(&toucher[index], &none, thread_id());
    if (mprotect(start + index * page, page, PROT_READ | PROT_WRITE) != 0)
        abort();
}

size_t touch_page_elements(void)
{
    return (size_t)sysconf(_SC_PAGESIZE) / sizeof(float);
}

float *touch_new(size_t n)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    pages = (n * sizeof(float) + page - 1) / page;
    if (start != NULL || pages > TOUCH_PAGES_MAX)
        abort();
    start = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED)
        abort();
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &before);
    return (float *)(void *)start;
}

void touch_free(void)
{
    sigaction(SIGSEGV, &before, NULL);
    munmap(start, pages * page);
    start = NULL;
}

void touch_watch(void)
{
    for (size_t i = 0; i < pages; i++)
        atomic_store(&toucher[i], 0);
    if (mprotect(start, pages * page, PROT_NONE) != 0)
        abort();
}

struct touched touch_seen(void)
{
    struct touched seen = {0};
    const long self = thread_id();
    for (size_t i = 0; i < pages; i++) {
        const long thread = atomic_load(&toucher[i]);
        if (thread == 0)
            continue;
        size_t first = 0;
        while (atomic_load(&toucher[first]) != thread)
            first++;
        seen.pages++;
        seen.threads += first == i;
        seen.others += thread != self;
    }
    return seen;
}
