/* The packed form into which header.c turns a header, and the sorted tables that are built behind it. */
#ifndef DESCEND_CHECKPOINT_INDEX_H
#define DESCEND_CHECKPOINT_INDEX_H

#include "header.h"

/* Ends every packed string; this byte does not occur in UTF-8. */
enum { DESCEND_STRING_END = 0xff };

/* A packed tensor is its name, its shape ("2,3]") and this, unaligned. */
struct descend_record {
    uint64_t begin, end;
    uint32_t name;     /* where it is in the text */
    uint32_t previous; /* record */
    uint32_t dtype;
};

struct descend_packed {
    size_t size;          /* of the packed text */
    uint32_t last_record; /* of header->tensors */
    uint32_t metadata;    /* where the pairs are: key, value, key, value … */
    uint64_t data_size;   /* in bytes, of the tensors of the file */
};

/* Builds the tables behind the packed text and checks what they show: duplicates, holes, overlaps, and the end. */
descend_status descend_header_build_index(struct descend_header *header, const struct descend_packed *packed);

#endif
