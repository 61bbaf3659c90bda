/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints: saving an optimizer to a file in the safetensors format, which Python can read, too, and loading it.
 * These functions are in the library descend::io; the kernels and the optimizer object do not need it.
 *
 * A file has, as tensors,
 *   state.TENSOR.STATE    each state that a step has used, by torch's name ("state.w1.exp_avg_sq")
 *   TENSOR                the parameters, if asked for
 *   KEY.low               the lower halves of the DESCEND_BF16_SPLIT array under KEY; I16, one for each element
 *   KEY.base              the bases of the DESCEND_B8 or DESCEND_UB8 array under KEY; I16, one for each 256 elements
 * and as strings in __metadata__
 *   optimizer             the name of the kind
 *   seed                  the seed of descend_optimizer_set_seed
 *   storage.KEY           "bf16_split", "b8" or "ub8": how the array under KEY is stored; absent for other types
 *   groups                the number of groups
 *   group.NUMBER.FIELD    the config of each group; numbers are in hexadecimal, which is exact ("group.0.lr")
 *   step.TENSOR           the step count of each tensor
 *   group_of.TENSOR       its group
 *   scaler.FIELD          the loss scaler, if there is one
 *   note.KEY              the caller's notes
 *   descend.numerics      DESCEND_NUMERICS_VERSION; files of version 1, which have no seed, are loaded with seed 0
 *   descend.version       the version of the library
 *   crc32                 the CRC-32 of the whole file
 *
 * In the file an array has the element type F32, BF16 (also for DESCEND_BF16_SPLIT: other readers then see the weights
 * that the model computes with), or U8 for the 8-bit types. Tensors with larger elements come first, so that each
 * tensor is aligned. Loading converts nothing: where an array of the file has another type than that of the optimizer,
 * the file is refused with DESCEND_BAD_FILE_TENSOR_DTYPE. `descend-ckpt widen` writes a copy of a file in which all
 * arrays are F32, for an optimizer of float32 arrays.
 *
 * After loading, training goes on with the same bits as if it had not been interrupted, also with another variant or
 * number of threads.
 *
 * Thread safety. As for every function of optimizer.h: one thread at a time for each optimizer. The caller's
 * floating-point environment neither affects a result nor is changed. If the thread is cancelled during a call
 * (pthread_cancel), the call is finished first.
 */
#ifndef DESCEND_CHECKPOINT_H
#define DESCEND_CHECKPOINT_H

#include "descend/optimizer.h"
#include "descend/scaler.h"

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A text of the caller's for the file, for what must be the same when training goes on (a seed, a batch size). Key and
 * value are UTF-8. */
typedef struct descend_note {
    const char *key, *value;
} descend_note;

/* What is saved and loaded beside the optimizer. Set all of it to zero, then fill in what is wanted. */
typedef struct descend_checkpoint {
    bool params;               /* whether parameters are saved and loaded */
    descend_scaler *scaler;    /* saved or loaded; NULL: none */
    const descend_note *notes; /* to be saved; or, when loading, each must be in the file with the same value */
    size_t note_count;
    uintptr_t reserved[8]; /* zero; anything else is refused with DESCEND_BAD_RESERVED */
} descend_checkpoint;

/*
 * Saves an optimizer. The file is written whole or not at all: after any error, and if the process is killed or the
 * disk is full, the old file is still in place. There is one exception: where only flushing the directory at the end
 * fails, the error is returned with the new file in place. A symbolic link at path is replaced, not followed. The new
 * file has the permissions of the old one.
 *
 * The bytes are written to a temporary file in the same directory, which is then renamed to path. Its name is that of
 * the file, followed by ".descend-tmp." and a number; a long file name is shortened, so that it has at most 255 bytes.
 * If the process is killed, the temporary file remains, and the next save to the same path removes it. The writer holds
 * a lock on the temporary file (flock), so that no other save removes it. Several threads and processes may save to the
 * same path at the same time: each writes a whole file, and the last to finish wins. On a file system without locks,
 * temporary files of killed processes are not removed. Where locks do not reach other machines, and several of them
 * save to the same path at the same time, one of them may get DESCEND_FILE_WRITE with errno ESTALE.
 *
 * The directory must be writable. Where it is not readable, the whole file system is flushed instead of the directory,
 * which takes longer.
 *
 * checkpoint may be NULL. Allocates the header of the file.
 *
 * DESCEND_FILE_WRITE: the cause is in errno; EINVAL where path is there and is not a regular file. DESCEND_BAD_PATH,
 * DESCEND_BAD_NOTE: path or a note is NULL. DESCEND_BAD_RESERVED: a reserved field is not 0.
 * DESCEND_BAD_FILE_…: the file could not be read back, because a note is not UTF-8, for example,
 * or its key is given twice. The errors of descend_scaler_update: the scaler is not valid. DESCEND_UNFINISHED: see
 * optimizer.h. DESCEND_NO_MEMORY.
 */
descend_status descend_optimizer_save(const descend_optimizer *optimizer, const char *path,
                                      const descend_checkpoint *checkpoint);

/*
 * Loads a file that descend_optimizer_save has written into an optimizer of the same kind with the same groups and
 * tensors, whose arrays have the same types. Replaces states, step counts, configs, the seed, and what checkpoint asks
 * for. A shard (descend_tensor.whole is given) is also loaded from a file that has the whole tensor: it takes its
 * elements, and its scalar states are the tensor's. checkpoint may be NULL. After any error the optimizer, its
 * parameters and the scaler are unchanged. A file without a checksum is accepted. The file is read once, so that what
 * is loaded is what was checked, even where another process changes the file meanwhile.
 *
 * Memory: the length of the file's header, 80 KiB, and what descend_optimizer_restore allocates with `read`. It is no
 * more for a damaged file.
 *
 * DESCEND_FILE_OPEN and DESCEND_FILE_READ: the cause is in errno. DESCEND_BAD_FILE_…: each way in which a file can be
 * wrong has a status of its own. DESCEND_BAD_PATH, DESCEND_BAD_NOTE, DESCEND_BAD_RESERVED, DESCEND_NO_MEMORY: as in
 * saving.
 */
descend_status descend_optimizer_load(descend_optimizer *optimizer, const char *path,
                                      const descend_checkpoint *checkpoint);

#ifdef __cplusplus
}
#endif

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#endif
