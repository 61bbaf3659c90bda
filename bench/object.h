/* SPDX-License-Identifier: MIT */
/* The optimizer object beside flat calls: the rows object/WHAT/THREADS. */
#ifndef DESCEND_BENCH_OBJECT_H
#define DESCEND_BENCH_OBJECT_H

void object_register(void);

#endif
