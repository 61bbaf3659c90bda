/* SPDX-License-Identifier: MIT */
/* OpenMP's threads. All that the library knows of OpenMP stands in openmp.c; in a build without it every team is one. */
#ifndef DESCEND_OPENMP_H
#define DESCEND_OPENMP_H

#include "descend/exec.h"

/* How many threads a region may have: as many as asked for, or with 0 as OpenMP takes for itself, as far as the library
 * goes along. 1: none beside the calling one. */
unsigned descend_openmp_threads(unsigned asked);

/* Calls task(work, index) for each index of 0 … tasks - 1, in a region of as many threads. */
void descend_openmp_region(descend_task *task, void *work, unsigned tasks);

#endif
