/* SPDX-License-Identifier: MIT */
#ifndef FIXED_DATA_H
#define FIXED_DATA_H

/* C and C++: Adam on fixed data, whose resulting bits it prints, to be compared between builds. */
#include <descend/descend.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 100003, STEPS = 5 };

static void check(descend_status status)
{
    if (status == DESCEND_OK)
        return;
    fprintf(stderr, "descend: %s\n", descend_status_string(status));
    exit(1);
}

/* Ordinary and subnormal values, put together from bits: no flag of this program's compiler has a say in them. */
static void fill(float *array, uint32_t bits, uint32_t mask)
{
    for (size_t i = 0; i < N; i++) {
        bits = bits * 1664525 + 1013904223;
        const uint32_t value = (bits & 64 ? bits & 0x807fffff : (bits & 0x83ffffff) | 0x3c000000) & mask;
        memcpy(&array[i], &value, sizeof value);
    }
}

static uint64_t checksum(uint64_t hash, const float *array)
{
    const unsigned char *bytes = (const unsigned char *)array;
    for (size_t i = 0; i < N * sizeof *array; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static void print_bits(void)
{
    static float param[N], grad[N], exp_avg[N], exp_avg_sq[N];
    descend_adam config = descend_adam_defaults();
    config.weight_decay = 0.01;
    fill(param, 1, 0xffffffff);
    fill(exp_avg, 2, 0xffffffff);
    fill(exp_avg_sq, 3, 0x7fffffff);
    for (uint64_t step = 1; step <= STEPS; step++) {
        fill(grad, 3 + (uint32_t)step, 0xffffffff);
        check(descend_adam_step(&config, step, param, grad, exp_avg, exp_avg_sq, NULL, N, NULL));
    }
    const uint64_t start = UINT64_C(0xcbf29ce484222325);
    const uint64_t hash = checksum(checksum(checksum(start, param), exp_avg), exp_avg_sq);
    printf("%s %016llx\n", descend_version_string(), (unsigned long long)hash);
}

#endif
