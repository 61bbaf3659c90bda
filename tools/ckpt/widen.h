/* SPDX-License-Identifier: MIT */
#ifndef DESCEND_CKPT_WIDEN_H
#define DESCEND_CKPT_WIDEN_H

#include "safetensors.h"

/* Writes the checkpoint that `file` is, which has been opened and not been read, with all arrays as float32. The other
 * file is written whole or not at all, as by descend_optimizer_save. */
descend_status widen(struct descend_safetensors *file, const char *path);

#endif
