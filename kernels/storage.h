/* SPDX-License-Identifier: MIT */
/* How the arrays of a tensor are stored (docs/numerics.md, rules 10 to 13), for plain C; the conversions are in
 * codec.h. */
#ifndef DESCEND_STORAGE_H
#define DESCEND_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "descend/exec.h"

enum { STORAGE_BLOCK = 256 }; /* the elements that share a base in the 8-bit types */

/* The bytes of an element in data. */
static inline size_t storage_size(descend_dtype type)
{
    return type == DESCEND_F32 ? 4 : type == DESCEND_B8 || type == DESCEND_UB8 ? 1 : 2;
}

/* The number of 16-bit words in second. */
static inline size_t storage_second(descend_dtype type, size_t n)
{
    if (type == DESCEND_BF16_SPLIT)
        return n;
    return type == DESCEND_B8 || type == DESCEND_UB8 ? n / STORAGE_BLOCK + (n % STORAGE_BLOCK != 0) : 0;
}

#endif
