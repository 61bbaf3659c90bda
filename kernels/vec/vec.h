/* The vectors of the ISA that a file is compiled for: kernels.c is compiled once for each. Elsewhere, and in an editor,
 * one lane of plain C. */
#ifdef DESCEND_VEC
#include DESCEND_VEC
#else
#include "vec/scalar.h"
#endif
