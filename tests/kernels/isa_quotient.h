/* SPDX-License-Identifier: MIT */
/* x / divisor by the vf_quotient of each ISA; n a multiple of 16. DESCEND_ISAS comes from CMake. */
#ifndef DESCEND_TESTS_ISA_QUOTIENT_H
#define DESCEND_TESTS_ISA_QUOTIENT_H

#include <stddef.h>

typedef void quotient_function(const float *x, float divisor, float *quotient, size_t n);

#define ISA(name) quotient_function quotient_##name;
DESCEND_ISAS
#undef ISA

#endif
