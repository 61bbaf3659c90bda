/* SPDX-License-Identifier: MIT */
/* Loading an optimizer from a file, alone or together with other processes. */
#ifndef DESCEND_CHECKPOINT_LOAD_H
#define DESCEND_CHECKPOINT_LOAD_H

#include "descend/checkpoint.h"

/* What one process has read of a file. The checksum of the file is the XOR of `checksum` of all processes. */
struct descend_counted {
    bool has_checksum; /* whether the file has one, which is `expected` */
    uint32_t expected, checksum;
};

/*
 * How processes load one file together. Each has an optimizer with shards of the same tensors (descend_tensor.whole is
 * given where there are elements); together they have all elements, each once. A process then reads only its shards,
 * and counts only those: of a scalar state, the process that has element 0 of the tensor. One process is the first: it
 * also counts the header and what none of them loads.
 */
struct descend_shared_load {
    bool first;
    /* Called once in every call of descend_checkpoint_load, for other processes may wait in it. status DESCEND_OK: all
     * has been read and nothing has changed; the file is sound if the checksums of all processes, whose `counted` have
     * the same `expected`, add up to it. Loading ends with what verify returns, and changes the optimizer only after
     * DESCEND_OK. Another status: this process has failed, counted is NULL, loading ends with that status, and what
     * verify returns is not looked at. */
    descend_status (*verify)(void *context, descend_status status, const struct descend_counted *counted);
    void *context;
};

/* descend_optimizer_load, which gives NULL as shared. With shared, the file must have all tensors whole, and no process
 * checks the whole file: where it is damaged, the status may be that of what the damage looks like. */
descend_status descend_checkpoint_load(descend_optimizer *optimizer, const char *path,
                                       const descend_checkpoint *checkpoint, const struct descend_shared_load *shared);

#endif
