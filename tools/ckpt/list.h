/* SPDX-License-Identifier: MIT */
/* What is in a safetensors file, on stdout. */
#ifndef DESCEND_CKPT_LIST_H
#define DESCEND_CKPT_LIST_H

#include "safetensors.h"

void list_text(const struct descend_header *header);
void list_json(const struct descend_header *header);

#endif
