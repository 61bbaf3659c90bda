/* SPDX-License-Identifier: MIT */
/*
 * What threads gain or lose, for calls that leave their number to the library. Where other programs want the
 * processors, a call on threads may take many times as long as on one: it has to wait until each of them has had its
 * turn. So calls are measured, and while they lose they are serial, but for rare trials.
 */
#ifndef DESCEND_GAIN_H
#define DESCEND_GAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The account of calls of about one size. All zeros: nothing is known yet. Any number of threads may use it at once:
 * what they overwrite of each other is a measurement or two, and no result depends on any. */
struct descend_gain {
    atomic_int lost;      /* nanoseconds of late; negative: gained */
    atomic_uint serial;   /* the number of next calls that are not to have threads */
    atomic_uint failures; /* trials of threads in a row that lost */
};

/* Whether the next call should have threads. Counts it if not. */
bool descend_gain_expected(struct descend_gain *gain);

/* A call on threads took so many nanoseconds, and would have taken so many on one. */
void descend_gain_note(struct descend_gain *gain, uint64_t parallel, uint64_t serial);

#endif
