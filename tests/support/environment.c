/* SPDX-License-Identifier: MIT */
#include "environment.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <string.h>
#include <xmmintrin.h>

struct environment environment_get(void)
{
    return (struct environment){.control = _mm_getcsr()};
}

void environment_set(struct environment environment)
{
    _mm_setcsr((unsigned)environment.control);
}

struct environment environment_with(int rounding, bool flush_to_zero, bool unmasked)
{
    const unsigned inexact_flag = 0x20, flush = 0x8040, all_masked = 0x1f80;
    /* FE_UPWARD and the others are the x87's bits 10 and 11; MXCSR has them at 13 and 14. */
    unsigned control = (unsigned)rounding << 3 | inexact_flag | (unmasked ? 0 : all_masked);
    if (flush_to_zero)
        control |= flush;
    return (struct environment){.control = control};
}

bool environment_can_trap(void)
{
    unsigned a, b, c, d;
    char vendor[13] = "";
    __cpuid(0x40000000, a, b, c, d);
    memcpy(vendor, &b, 4), memcpy(vendor + 4, &c, 4), memcpy(vendor + 8, &d, 4);
    return strcmp(vendor, "TCGTCGTCGTCG") != 0;
}

#elif defined(__aarch64__)

struct environment environment_get(void)
{
    struct environment environment;
    __asm__ volatile("mrs %0, fpcr" : "=r"(environment.control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(environment.status));
    return environment;
}

void environment_set(struct environment environment)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(environment.control));
    __asm__ volatile("msr fpsr, %0" : : "r"(environment.status));
}

struct environment environment_with(int rounding, bool flush_to_zero, bool unmasked)
{
    const uint64_t flush = 1 << 24, inexact_flag = 1 << 4;
    (void)unmasked; /* most AArch64 cores cannot trap */
    return (struct environment){.control = (uint64_t)rounding | (flush_to_zero ? flush : 0), .status = inexact_flag};
}

bool environment_can_trap(void)
{
    return false;
}
#endif
