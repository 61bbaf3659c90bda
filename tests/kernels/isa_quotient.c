/* SPDX-License-Identifier: MIT */
/* Compiled once per ISA: vf_quotient over arrays, for tests/kernels/quotient.c. */
#include DESCEND_VEC

#include "isa_quotient.h"

#define PASTE(a, b) a##b
#define QUOTIENT(isa) PASTE(quotient_, isa)

void QUOTIENT(VF_ISA)(const float *x, float divisor, float *quotient, size_t n)
{
    const vf d = vf_set1(divisor), r = vf_set1(1 / divisor);
    for (size_t i = 0; i + VF_LANES <= n; i += VF_LANES)
        vf_store_f32(quotient, i, vf_quotient(vf_load_f32(x, i), d, r));
}
