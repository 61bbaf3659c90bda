/* SPDX-License-Identifier: MIT */
/* Finds the tables of limit.c and separate.c, which are compiled once for each ISA. CMake defines DESCEND_ISAS:
 * ISA(name) for each ISA. */
#include <string.h>

#include "limit.h"
#include "separate.h"

#define ISA(name)                                   \
    extern const struct limit_kernels limit_##name; \
    extern const struct separate_kernels separate_##name;
DESCEND_ISAS
#undef ISA

#define ISA(name) &limit_##name,
static const struct limit_kernels *const limits[] = {DESCEND_ISAS};
#undef ISA
#define ISA(name) &separate_##name,
static const struct separate_kernels *const separates[] = {DESCEND_ISAS};
#undef ISA

const struct limit_kernels *limit_find(const char *isa)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (strcmp(limits[i]->isa, isa) == 0)
            return limits[i];
    return NULL;
}

const struct separate_kernels *separate_find(const char *isa)
{
    for (size_t i = 0; i < sizeof separates / sizeof *separates; i++)
        if (strcmp(separates[i]->isa, isa) == 0)
            return separates[i];
    return NULL;
}
