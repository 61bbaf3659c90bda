/* SPDX-License-Identifier: MIT */
/* The packed form into which header.c turns a header, and the sorted tables that are built behind it. */
#ifndef DESCEND_CHECKPOINT_INDEX_H
#define DESCEND_CHECKPOINT_INDEX_H

#include "header.h"

/* Ends every packed string; this byte does not occur in UTF-8. */
enum { DESCEND_STRING_END = 0xff };

/* The last part of a packed tensor, unaligned, behind its name and its shape ("2,3]"). */
struct descend_record {
    uint64_t begin, end;
    uint32_t name;     /* offset in the text */
    uint32_t previous; /* offset of the record of the tensor before it */
    uint32_t dtype;
    uint32_t is_read;
};

struct descend_packed {
    size_t size;          /* of the packed text */
    uint32_t last_record; /* offset of the record of the last tensor */
    uint32_t metadata;    /* offset of the pairs: key, value, key, value … */
    uint64_t data_size;   /* bytes that follow the header in the file */
};

/* Builds the tables behind the packed text. With them it checks for duplicate names, for holes and overlaps between
 * tensors, and that the last tensor ends with the file. */
descend_status descend_header_build_index(struct descend_header *header, const struct descend_packed *packed);

#endif
