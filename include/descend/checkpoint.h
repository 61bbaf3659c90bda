/*
 * Checkpoints: an optimizer in a file in the safetensors format, which Python reads too. This is the library
 * descend::io; the kernels and the optimizer object do not need it.
 *
 * In the file: every state that a step has used, under "state.NAME.KEY" with torch's keys ("state.w1.exp_avg_sq"); the
 * parameters under their names, if asked for; and as strings in __metadata__ the optimizer's name, the groups' configs
 * ("group.0.lr"; numbers in hexadecimal, exactly), each tensor's step count and group ("step.NAME", "group_of.NAME"), a
 * loss scaler, the caller's notes ("note.KEY"), the versions of numerics and library, and a CRC-32 of the whole file.
 *
 * An optimizer that has been loaded goes on with the same bits as if it had never stopped, on another variant and
 * number of threads too.
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

/* A line of text of the caller's, both UTF-8: what must be the same to go on (a seed, a batch size). */
typedef struct descend_note {
    const char *key, *value;
} descend_note;

/* What goes into the file, and comes back, beside the optimizer. Zero it, then fill in. */
typedef struct descend_checkpoint {
    bool params;               /* the parameters too */
    descend_scaler *scaler;    /* NULL: none */
    const descend_note *notes; /* loading: each must be in the file with this value */
    size_t note_count;
    uintptr_t reserved[8]; /* zero; anything else is refused */
} descend_checkpoint;

/*
 * Writes the file whole or not at all: whatever goes wrong, and if the process is killed or the disk is full, the old
 * file stays (a temporary file beside it may be left by a kill); only where the directory cannot be flushed in the end
 * the new one is in place already. A symbolic link at path is replaced, not followed.
 * with may be NULL. DESCEND_FILE_WRITE: errno says why. Allocates the header. One thread at a time per optimizer, and
 * no step meanwhile.
 */
descend_status descend_optimizer_save(const descend_optimizer *optimizer, const char *path,
                                      const descend_checkpoint *checkpoint);

/*
 * Reads a file that descend_optimizer_save wrote into an optimizer of the same kind, with the same groups and tensors:
 * states, step counts, configs, and what `with` asks for. On any error the optimizer, its parameters and the scaler are
 * unchanged. Every way in which a file can be wrong has a status of its own (DESCEND_BAD_FILE_…). A file without a
 * checksum is accepted. Never allocates more than the file's size, whatever the file says, beside states that the
 * optimizer does not have yet.
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
