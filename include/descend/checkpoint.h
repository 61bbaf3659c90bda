/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints: saving an optimizer to a file in the safetensors format, which Python can read, too, and loading it.
 * These functions are in the library descend::io; the kernels and the optimizer object do not need it.
 *
 * A file has, as tensors,
 *   state.TENSOR.STATE    each state that a step has used, by torch's name ("state.w1.exp_avg_sq")
 *   TENSOR                the parameters, if asked for
 *   KEY.low               beside a DESCEND_BF16_SPLIT array under KEY, its lower halves; I16, one for each element
 *   KEY.base              beside a DESCEND_B8 or DESCEND_UB8 array under KEY, its bases; I16, one for each 256 elements
 * and as strings in __metadata__
 *   optimizer             the name of the kind
 *   seed                  that of descend_optimizer_set_seed
 *   storage.KEY           "bf16_split", "b8" or "ub8": how the array under KEY is stored; none for other types
 *   groups                the number of groups
 *   group.NUMBER.FIELD    the config of each group; numbers are in hexadecimal, which is exact ("group.0.lr")
 *   step.TENSOR           the step count of each tensor
 *   group_of.TENSOR       its group
 *   scaler.FIELD          the loss scaler, if there is one
 *   note.KEY              the caller's notes
 *   descend.numerics      DESCEND_NUMERICS_VERSION; files of 1 are loaded, too: their seed is 0
 *   descend.version       the version of the library
 *   crc32                 the CRC-32 of the whole file
 *
 * The data of an array under its key is F32, BF16 (DESCEND_BF16_SPLIT as well: other readers then see the weights that a
 * model computes with), or U8 for 8-bit types. Larger elements come first, so that tensors are aligned. Loading converts
 * nothing: an array that the file has in another type than the optimizer's is refused with
 * DESCEND_BAD_FILE_TENSOR_DTYPE. `descend-ckpt widen` makes a file in which all is F32, for an optimizer of float32 arrays.
 *
 * After loading, training goes on with the same bits as if it had not been interrupted, also with another variant or
 * number of threads.
 *
 * Thread safety. As for every function of optimizer.h: one thread at a time for each optimizer. The caller's
 * floating-point environment neither affects a result nor is changed. A thread that is cancelled (pthread_cancel)
 * finishes the call first.
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
 * The bytes go to a temporary file beside it, which then takes its place: `path`.descend-tmp.NUMBER, its name cut to
 * 255 bytes. If the process is killed, the temporary file is left; the next save to the same path removes it. Its
 * writer holds a lock on it (flock), so that it is not removed while the writer lives. Several threads and processes
 * may save to the same path at the same time: each writes a whole file, and the last to finish wins. (Where a file
 * system has no locks, what is left stays; where locks do not reach other machines that save to the same path at the
 * same time, one may get DESCEND_FILE_WRITE with errno ESTALE.)
 *
 * The directory must be writable. Where it is not readable, the whole file system is flushed instead of the directory,
 * which takes longer.
 *
 * checkpoint may be NULL. Allocates the header of the file.
 *
 * DESCEND_FILE_WRITE: the cause is in errno. DESCEND_BAD_PATH, DESCEND_BAD_NOTE: path or a note is NULL.
 * DESCEND_BAD_RESERVED. DESCEND_BAD_FILE_…: the file could not be read back, because a note is not UTF-8, for example,
 * or its key is given twice. The errors of descend_scaler_update: the scaler is not valid. DESCEND_UNFINISHED: see
 * optimizer.h. DESCEND_NO_MEMORY.
 */
descend_status descend_optimizer_save(const descend_optimizer *optimizer, const char *path,
                                      const descend_checkpoint *checkpoint);

/*
 * Loads a file that descend_optimizer_save has written into an optimizer of the same kind with the same groups and
 * tensors, stored alike: states, step counts, configs, seed, and what checkpoint asks for. checkpoint may be NULL. After any error the
 * optimizer, its parameters and the scaler are unchanged. A file without a checksum is accepted. The file is read once,
 * so that what is loaded is what was checked, even where another process changes the file meanwhile.
 *
 * At its peak the call takes, whatever the file says: the length of the file's header, 80 KiB, what
 * descend_optimizer_restore takes (the states that the optimizer does not have yet; room for parameters, if asked for,
 * and for states that a step has used). Nothing else of the file is held: other states are read to where they stay.
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
