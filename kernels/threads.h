/* SPDX-License-Identifier: MIT */
/* Whether the system lets this process have more threads. */
#ifndef DESCEND_THREADS_H
#define DESCEND_THREADS_H

#include <stdbool.h>

/* Whether `count` more threads can run at once: starts as many, which end at once, and returns when they have gone. */
bool descend_threads_available(unsigned count);

#endif
