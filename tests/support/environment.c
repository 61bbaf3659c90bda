/* SPDX-License-Identifier: MIT */
#include "environment.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#include <string.h>
#include <xmmintrin.h>

/* FE_UPWARD and the others are the x87's bits 10 and 11; MXCSR has them at 13 and 14. */
static unsigned mxcsr_with(int rounding, bool flush_to_zero, bool unmasked)
{
    const unsigned inexact_flag = 0x20, flush = 0x8040, all_masked = 0x1f80;
    return (unsigned)rounding << 3 | inexact_flag | (unmasked ? 0 : all_masked) | (flush_to_zero ? flush : 0);
}

bool environment_can_trap(void)
{
    unsigned a, b, c, d;
    char vendor[13] = "";
    __cpuid(0x40000000, a, b, c, d);
    memcpy(vendor, &b, 4), memcpy(vendor + 4, &c, 4), memcpy(vendor + 8, &d, 4);
    return strcmp(vendor, "TCGTCGTCGTCG") != 0;
}

#else
bool environment_can_trap(void)
{
    return false; /* most AArch64 cores cannot; on others it has no name in C */
}
#endif

#if defined(__x86_64__)
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
    return (struct environment){.control = mxcsr_with(rounding, flush_to_zero, unmasked)};
}

#elif defined(__i386__)
/* As fnstenv stores them. */
struct x87 {
    uint16_t control, unused, status, rest[11];
};
/* To return a subnormal number and to take it raises two exceptions in the x87, whatever computed it. */
enum { X87_ALL = 0x3f, X87_SUBNORMAL = 0x12, X87_FLAGS = X87_ALL & ~X87_SUBNORMAL };

struct environment environment_get(void)
{
    struct x87 x87;
    __asm__ volatile("fnstenv %0\n\tfldenv %0" : "=m"(x87));
    return (struct environment){.control = (uint64_t)x87.control << 32 | _mm_getcsr(),
                                .status = x87.status & X87_FLAGS};
}

void environment_set(struct environment environment)
{
    struct x87 x87;
    __asm__ volatile("fnstenv %0" : "=m"(x87));
    x87.control = (uint16_t)(environment.control >> 32);
    x87.status = (uint16_t)((x87.status & ~(unsigned)X87_FLAGS) | (unsigned)environment.status);
    __asm__ volatile("fldenv %0" : : "m"(x87));
    _mm_setcsr((unsigned)environment.control);
}

struct environment environment_with(int rounding, bool flush_to_zero, bool unmasked)
{
    const uint64_t double_precision = 0x240, inexact_flag = 0x20;
    const uint64_t x87_control = (unsigned)rounding | double_precision | (unmasked ? X87_SUBNORMAL : X87_ALL);
    /* A flag whose exception is not masked would trap at once. */
    return (struct environment){.control = x87_control << 32 | mxcsr_with(rounding, flush_to_zero, unmasked),
                                .status = unmasked ? 0 : inexact_flag};
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
    (void)unmasked;
    return (struct environment){.control = (uint64_t)rounding | (flush_to_zero ? flush : 0), .status = inexact_flag};
}

#elif defined(__arm__)
struct environment environment_get(void)
{
    uint32_t fpscr;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(fpscr));
    return (struct environment){.control = fpscr & 0x0fffffff}; /* without what comparisons leave */
}

void environment_set(struct environment environment)
{
    __asm__ volatile("vmsr fpscr, %0" : : "r"((uint32_t)environment.control));
}

struct environment environment_with(int rounding, bool flush_to_zero, bool unmasked)
{
    const uint32_t flush = 1 << 24, inexact_flag = 1 << 4;
    (void)unmasked;
    return (struct environment){.control = (uint32_t)rounding | (flush_to_zero ? flush : 0) | inexact_flag};
}

#else
/* What of it has a name in C: no flush to zero. */
struct environment environment_get(void)
{
    return (struct environment){.control = (uint64_t)fegetround(), .status = (uint64_t)fetestexcept(FE_ALL_EXCEPT)};
}

void environment_set(struct environment environment)
{
    fesetround((int)environment.control);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept((int)environment.status);
}

struct environment environment_with(int rounding, bool flush_to_zero, bool unmasked)
{
    (void)flush_to_zero, (void)unmasked;
    return (struct environment){.control = (uint64_t)rounding, .status = FE_INEXACT};
}
#endif
