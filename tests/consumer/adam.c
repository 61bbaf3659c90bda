/* SPDX-License-Identifier: MIT */
/* What a C program does with the installed or embedded library: Adam on a small problem with a known answer, then on
 * fixed data. */
#include "fixed_data.h"

#include <float.h>
#include <math.h>

/* The parameters that minimise the sum of (param - target)^2 / 2 are the targets. */
static void minimise(void)
{
    enum { SMALL = 10 };
    float param[SMALL] = {0}, grad[SMALL], exp_avg[SMALL] = {0}, exp_avg_sq[SMALL] = {0};
    descend_adam config = descend_adam_defaults();
    config.lr = 0.05;
    for (uint64_t step = 1; step <= 2000; step++) {
        for (int i = 0; i < SMALL; i++)
            grad[i] = param[i] - (float)i;
        check(descend_adam_step(&config, step, param, grad, exp_avg, exp_avg_sq, NULL, SMALL, NULL));
    }
    for (int i = 0; i < SMALL; i++)
        if (!(fabsf(param[i] - (float)i) < 1e-3f)) {
            fprintf(stderr, "param[%d] is %g\n", i, (double)param[i]);
            exit(1);
        }
}

/* A library that was linked with gcc's startup object for -ffast-math sets flush to zero for the whole program. */
static void check_subnormals(void)
{
    volatile float half = FLT_MIN;
    half /= 2;
    if (half == 0) {
        fprintf(stderr, "subnormals are flushed to zero\n");
        exit(1);
    }
}

int main(int argc, char *argv[])
{
    minimise();
    if (argc > 1 && strcmp(argv[1], "--subnormals") == 0)
        check_subnormals();
    print_bits();
    return 0;
}
