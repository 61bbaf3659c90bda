/* SPDX-License-Identifier: MIT */
/* A program with parallel regions of its own, between steps and in a forked child. Both processes print the bits. */
#include "fixed_data.h"

#include <sys/wait.h>
#include <unistd.h>

static void own_region(void)
{
    long sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 0; i < 1000; i++)
        sum += i;
    if (sum != 499500) {
        fprintf(stderr, "the sum of 0 to 999 is %ld\n", sum);
        exit(1);
    }
}

int main(void)
{
    enum { REPEATS = 20 };
    int status = 1;
    for (int i = 0; i < REPEATS; i++) {
        own_region();
        print_bits();
    }
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        print_bits();
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
        fprintf(stderr, "the child ends with %d\n", status);
    own_region();
    print_bits();
    return status != 0;
}
