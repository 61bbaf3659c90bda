/* SPDX-License-Identifier: MIT */
/* What the system knows of this process. */
#ifndef DESCEND_TESTS_PROCESS_H
#define DESCEND_TESTS_PROCESS_H

/* The number of its threads, asleep or not, a sanitizer's included. */
unsigned threads_alive(void);

#endif
