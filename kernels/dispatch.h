#ifndef DESCEND_DISPATCH_H
#define DESCEND_DISPATCH_H

#include "kernels.h"

/* The kernels in use; NULL when DESCEND_ISA names none that can run. */
const struct descend_kernels *descend_dispatch(void);

#endif
