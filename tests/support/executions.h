/* SPDX-License-Identifier: MIT */
/* The ways to split one call: every one has to give the same bits. */
#ifndef DESCEND_TESTS_EXECUTIONS_H
#define DESCEND_TESTS_EXECUTIONS_H

#include <stdbool.h>

#include "descend/descend.h"

enum { WAYS_PARTS = 8 }; /* at most */

/* A call of the library that takes an exec. */
typedef descend_status split_call(void *work, const descend_exec *exec);

/* Makes the call in so many parts and returns the greatest status of them. */
struct execution {
    const char *name;
    descend_status (*make)(split_call *call, void *work, unsigned parts);
};

/* Ended by one without a name. */
extern const struct execution executions[];

/* Makes the call on one of the variants, in one of the ways and in one of the numbers of parts: others for every turn.
 * in_slices: whether the call can be made slice by slice. */
descend_status make_in_turn(split_call *call, void *work, unsigned turn, bool in_slices);

/* How often a call hands its work to a pool: 1 unless a test says otherwise. */
extern unsigned runs_of_a_call;

/* A caller's pool, for descend_exec.run and .pool. It may be called from any environment, and its threads have that. */
struct pool {
    enum order { FORWARD, BACKWARD, PTHREADS } order;
    unsigned calls, tasks; /* how often it was called, and with how many tasks at last */
};
void run_on_pool(void *pool, descend_task *task, void *work, unsigned tasks);

#endif
