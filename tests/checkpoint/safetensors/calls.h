/* SPDX-License-Identifier: MIT */
/* The library's system calls, counted and disturbed in the linker's place of libc's functions. */
#ifndef DESCEND_TESTS_CALLS_H
#define DESCEND_TESTS_CALLS_H

/* What happens at call number `at`, from 1; INTERRUPTED and WRITES_LITTLE to every one. */
enum event { NOTHING, FAILS, KILLED_BEFORE, KILLED_AFTER, STOPPED_BEFORE, STOPPED_AFTER, INTERRUPTED, WRITES_LITTLE };

/* Calls are counted whose failure is one of saving; others are only interrupted. */
struct plan {
    enum event event;
    int error; /* of FAILS */
    unsigned at, calls;
};
extern struct plan plan;

/* The path of the file that was created last. */
extern char created[256];

#endif
