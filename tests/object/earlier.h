/* SPDX-License-Identifier: MIT */
/* What a mirror held earlier, and its way back there by a snapshot of the plain arrays. */
#ifndef DESCEND_TESTS_EARLIER_H
#define DESCEND_TESTS_EARLIER_H

#include "mirror.h"

struct earlier {
    struct mirror was;   /* without an object */
    bool kept;           /* whether there is one */
    bool params;         /* whether parameters go back, too */
    unsigned read_fails; /* the call of read that fails, counted from 1; 0: none */
    unsigned reads;
};

/* Keeps the mirror as it is now, instead of what was kept before. */
void earlier_keep(struct earlier *earlier, const struct mirror *mirror);
void earlier_free(struct earlier *earlier);

/* Whether something was kept, and the mirror has the same groups and tensors as then. */
bool earlier_fits(const struct earlier *earlier, const struct mirror *mirror);

/* As descend_optimizer_restore takes it, with the arrays' data or with a function that reads them. */
descend_snapshot earlier_snapshot(struct earlier *earlier, bool by_reading);

/* Puts back the plain arrays of a mirror whose object has been restored. */
void earlier_expect(const struct earlier *earlier, struct mirror *mirror);

#endif
