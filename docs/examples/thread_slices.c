/* SPDX-License-Identifier: MIT */
/* A trainer with threads of its own, of which number ith of nth does its part of each operation, as in ggml. */
#define _POSIX_C_SOURCE 200112L
#include <descend/descend.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 100003, STEPS = 50, THREADS = 4 };
static float param[N], grad[N], exp_avg[N], exp_avg_sq[N], alone[N]; /* of all threads */
static pthread_barrier_t barrier;

static void must(int right, const char *what)
{
    if (!right) {
        puts(what);
        exit(1);
    }
}

static void *work(void *argument)
{
    const descend_exec *exec = argument;
    const descend_adamw config = descend_adamw_defaults();
    size_t begin, end;
    descend_slice(N, exec->slice, exec->slices, &begin, &end); /* the elements of this thread */
    for (uint64_t step = 1; step <= STEPS; step++) {
        for (size_t i = begin; i < end; i++)
            grad[i] = param[i] - (float)(i % 7);
        /* All threads pass the same but for exec, and get the same status. */
        must(descend_adamw_step(&config, step, param, grad, exp_avg, exp_avg_sq, NULL, N, exec) == DESCEND_OK, "adamw");
        pthread_barrier_wait(&barrier); /* as between two operations of a graph */
    }
    return NULL;
}

static void train(unsigned nth)
{
    pthread_t threads[THREADS];
    descend_exec exec[THREADS] = {{0}};
    must(pthread_barrier_init(&barrier, NULL, nth) == 0, "no barrier");
    for (unsigned ith = 0; ith < nth; ith++) {
        exec[ith] = (descend_exec){.slice = ith, .slices = nth};
        must(pthread_create(&threads[ith], NULL, work, &exec[ith]) == 0, "no thread");
    }
    for (unsigned ith = 0; ith < nth; ith++)
        pthread_join(threads[ith], NULL);
}

int main(void)
{
    train(1);
    memcpy(alone, param, sizeof alone);
    for (size_t i = 0; i < N; i++)
        param[i] = exp_avg[i] = exp_avg_sq[i] = 0;
    train(THREADS);
    must(memcmp(alone, param, sizeof alone) == 0 && param[1] > 0, "other bits on 4 threads");
    puts("the same bits on 1 and 4 threads");
}
