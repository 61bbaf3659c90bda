/* SPDX-License-Identifier: MIT */
/* The passes of a rule over its arrays, the same for flat calls and for the tensors of an optimizer. */
#ifndef DESCEND_PASS_H
#define DESCEND_PASS_H

#include "kernels.h"
#include "rule.h"
#include "run.h"
#include "segment.h"

/* PASS_REDUCE updates the states and sums the squares of parameters and steps: only rules that need those norms have
 * it. PASS_STREAM updates the parameters and, in rules without PASS_REDUCE, the states. */
enum descend_pass_kind { PASS_REDUCE, PASS_STREAM };

/* One array's step. */
struct descend_update {
    const struct descend_rule *rule;
    const void *config;
    const struct descend_rule_kernels *kernels;
    unsigned options;
    struct descend_scalars scalars;
    struct descend_streams streams;
    bool extras; /* whether anything but the update is to be done */
    /* Where the parameters are to stay as they are, they are here, and streams.param gets what the step would add to
     * them; else NULL. */
    const float *unchanged;
    const struct descend_kernels *table; /* only where streams.layout or unchanged is not NULL */
    /* Only for rules with PASS_REDUCE: */
    struct descend_segments segments;
    struct descend_norms *norms; /* one for each segment */
    double ratio;                /* of the norms of parameters and step; known in PASS_STREAM */
};

/* One pass over the elements [begin, end) of the array; in PASS_REDUCE both are where segments begin. To be called
 * guarded (cpu.h). */
void descend_update_pass(const struct descend_update *update, enum descend_pass_kind pass, size_t begin, size_t end);

/* What descend_passes calls. context is one array's step, or that of all tensors of an optimizer. */
struct descend_pass_work {
    void *context;
    /* Part `index` of `parts` of one pass. */
    void (*part)(void *context, enum descend_pass_kind pass, unsigned index, unsigned parts);
    void (*find_ratios)(void *context); /* after PASS_REDUCE */
};

/* All passes of a rule, over n elements in all; false where a caller's run did not do all tasks. Not to be called
 * guarded (cpu.h): it guards its calls of work's functions itself. */
bool descend_passes(const struct descend_rule *rule, const struct descend_pass_work *work, size_t n,
                    const descend_exec *exec);

#endif
