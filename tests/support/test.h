/* SPDX-License-Identifier: MIT */
/* What every test needs: cmocka, the headers that it wants before it, and names that many tests have in common. */
#ifndef DESCEND_TESTS_TEST_H
#define DESCEND_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The last step that the library takes. */
#define STEP_MAX (UINT64_C(1) << 53)

/* Neither NULL nor aligned, and of no memory: an argument that is refused, or not looked at. */
#define NOWHERE ((void *)(uintptr_t)3)

#endif
