/* SPDX-License-Identifier: MIT */
/* Whether this is a build with ThreadSanitizer, which two things escape:
 *
 * - Archer, which explains OpenMP's synchronisation to it, loses the end of nested regions: a race is then reported in
 *   any program that uses the stack again after one.
 * - Loads and stores of 32 and 64 bytes are not instrumented: races of the AVX2 and AVX-512 variants go unseen. */
#ifndef DESCEND_TESTS_SANITIZERS_H
#define DESCEND_TESTS_SANITIZERS_H

#ifdef __SANITIZE_THREAD__ /* gcc */
#define THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZER 1
#endif
#endif
#ifndef THREAD_SANITIZER
#define THREAD_SANITIZER 0
#endif

#endif
