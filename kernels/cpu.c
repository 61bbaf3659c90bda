/* SPDX-License-Identifier: MIT */
#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <xmmintrin.h>

/* XCR0: which registers the operating system saves. */
static uint64_t saved_registers(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

unsigned descend_cpu_features(void)
{
    enum { XCR0_YMM = 0x06, XCR0_ZMM = 0xe6 }; /* SSE and AVX state; the same and the three parts of AVX-512 state */
    unsigned a, b, c, d, features = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_AVX))
        return 0;
    const unsigned leaf1 = c;
    const uint64_t saved = saved_registers();
    if ((saved & XCR0_YMM) != XCR0_YMM || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return 0;
    if (leaf1 & bit_FMA)
        features |= CPU_FMA;
    if (leaf1 & bit_F16C)
        features |= CPU_F16C;
    if (b & bit_AVX2)
        features |= CPU_AVX2;
    if ((b & bit_AVX512F) && (saved & XCR0_ZMM) == XCR0_ZMM)
        features |= CPU_AVX512F | (b & bit_AVX512BW ? CPU_AVX512BW : 0);
    return features;
}

typedef unsigned fp_environment;

static fp_environment fp_enter(void)
{
    enum { MXCSR_DEFAULT = 0x1f80 }; /* masks all exceptions: round to nearest, no flush to zero */
    const fp_environment caller_environment = _mm_getcsr();
    _mm_setcsr(MXCSR_DEFAULT);
    return caller_environment;
}

static fp_environment fp_mask(void)
{
    enum { MXCSR_MASKS = 0x1f80 };
    const fp_environment caller_environment = _mm_getcsr();
    _mm_setcsr(caller_environment | MXCSR_MASKS);
    return caller_environment;
}

static void fp_leave(fp_environment caller_environment)
{
    _mm_setcsr(caller_environment);
}

#elif defined(__aarch64__)
#include <sys/auxv.h>

unsigned descend_cpu_features(void)
{
    const unsigned long hwcap_asimd = 1ul << 1; /* HWCAP_ASIMD of <asm/hwcap.h> */
    return getauxval(AT_HWCAP) & hwcap_asimd ? CPU_NEON : 0;
}

typedef struct {
    uint64_t control, status;
} fp_environment;

static fp_environment fp_set(uint64_t kept)
{
    fp_environment caller_environment;
    __asm__ volatile("mrs %0, fpcr" : "=r"(caller_environment.control));
    __asm__ volatile("mrs %0, fpsr" : "=r"(caller_environment.status));
    __asm__ volatile("msr fpcr, %0" : : "r"(caller_environment.control & kept));
    return caller_environment;
}

static fp_environment fp_enter(void)
{
    return fp_set(0);
}

static fp_environment fp_mask(void)
{
    const uint64_t traps = 0x9f00;
    return fp_set(~traps);
}

static void fp_leave(fp_environment caller_environment)
{
    __asm__ volatile("msr fpcr, %0" : : "r"(caller_environment.control));
    __asm__ volatile("msr fpsr, %0" : : "r"(caller_environment.status));
}

#else /* any other machine, as its C library knows it */
#include <fenv.h>

unsigned descend_cpu_features(void)
{
    return 0;
}

typedef fenv_t fp_environment;

static fp_environment fp_enter(void)
{
    fp_environment caller_environment;
    fegetenv(&caller_environment);
    fesetenv(FE_DFL_ENV);
    return caller_environment;
}

static fp_environment fp_mask(void)
{
    fp_environment caller_environment;
    feholdexcept(&caller_environment);
    return caller_environment;
}

static void fp_leave(fp_environment caller_environment)
{
    fesetenv(&caller_environment);
}
#endif

__attribute__((noinline)) void descend_guarded(void (*work)(void *context), void *context)
{
    __asm__("" : "+r"(work)); /* hides from link-time optimisation, too, which function this is */
    const fp_environment caller_environment = fp_enter();
    work(context);
    fp_leave(caller_environment);
}

__attribute__((noinline)) void descend_masked(void (*work)(void *context), void *context)
{
    __asm__("" : "+r"(work)); /* as above */
    const fp_environment caller_environment = fp_mask();
    work(context);
    fp_leave(caller_environment);
}
