/* SPDX-License-Identifier: MIT */
#ifndef DESCEND_DISPATCH_H
#define DESCEND_DISPATCH_H

#include "kernels.h"

/* The kernel table in use; NULL where DESCEND_ISA names no variant that can run. */
const struct descend_kernels *descend_dispatch(void);

#endif
