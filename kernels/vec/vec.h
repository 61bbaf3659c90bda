/* SPDX-License-Identifier: MIT */
/* The vectors of the ISA that kernels.c is being compiled for, which DESCEND_VEC names; in all other files, and in an
 * editor, those of plain C. */
#ifdef DESCEND_VEC
#include DESCEND_VEC
#else
#include "vec/scalar.h"
#endif
