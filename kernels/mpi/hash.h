/* SPDX-License-Identifier: MIT */
/* Hashes by which ranks compare what they were given (FNV-1a, 64 bits). */
#ifndef DESCEND_MPI_HASH_H
#define DESCEND_MPI_HASH_H

#include "object.h"

static const uint64_t descend_mpi_hash_begin = UINT64_C(0xcbf29ce484222325);

/* A hash of what was hashed before, and of these bytes. */
uint64_t descend_mpi_hash(uint64_t hash, const void *bytes, size_t size);

/* … and of an optimizer's kind, seed, groups and configs. */
uint64_t descend_mpi_hash_groups(uint64_t hash, const descend_optimizer *optimizer);

/* … and of tensors and their groups; group may be NULL. */
uint64_t descend_mpi_hash_tensors(uint64_t hash, const descend_tensor *tensors, const unsigned *group, size_t count);

#endif
