/* SPDX-License-Identifier: MIT */
#ifndef DESCEND_CHECKPOINT_RETRY_H
#define DESCEND_CHECKPOINT_RETRY_H

#include <errno.h>

/* Makes a system call again for as long as signals interrupt it. */
#define RETRY(result, call) \
    do                      \
        (result) = (call);  \
    while ((result) < 0 && errno == EINTR)

#endif
