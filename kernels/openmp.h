/* SPDX-License-Identifier: MIT */
/*
 * OpenMP's threads. All that the library knows of OpenMP stands in openmp.c; in a build without it every team is one.
 *
 * Runtimes compute too, at least when they are entered for the first time, and must neither trap nor leave flags
 * behind. So one function here wants to be called guarded (cpu.h). The other starts threads, which inherit its
 * environment, and wants to be called in the caller's: it masks exceptions alone.
 */
#ifndef DESCEND_OPENMP_H
#define DESCEND_OPENMP_H

#include <stdbool.h>
#include <stdint.h>

#include "run.h"

/* How many threads a region may have: as many as asked for, or with 0 as OpenMP takes for itself, as far as the library
 * goes along. 1: none beside the calling one. To be called guarded. */
unsigned descend_openmp_threads(unsigned asked);

/* Nanoseconds. */
struct descend_region_times {
    uint64_t whole, first; /* the whole region; its first part, which is the calling thread's */
    bool usual;            /* the calling thread has had such a region before: no time went into starting threads */
};

/* Does all parts, each guarded, in a region of as many threads. times may be NULL. To be called unguarded. */
void descend_openmp_region(descend_part *part, void *work, unsigned parts, struct descend_region_times *times);

#endif
